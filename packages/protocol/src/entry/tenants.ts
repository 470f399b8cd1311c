import { Buffer } from "node:buffer";
import { stringRead } from "../bytes/msgpack.ts";
import type { Dictionary } from "./dictionary.ts";
import { ENTRY_VERSION } from "./entry.ts";
import { ProtocolError } from "../errors.ts";
import { MsgpackReader } from "../bytes/msgpack-reader.ts";

/**
 * How many events of each tenant an entry says it holds, from its head alone: an entry whose columns are broken can
 * still be put into the books of those it belongs to.
 * @throws ProtocolError where not even the head can be read, or its counts do not add up
 */
export function readEntryTenants(bytes: Uint8Array): Map<string, number> {
  const reader = new MsgpackReader(bytes);
  reader.array();
  const version = reader.number();
  if (version !== ENTRY_VERSION) {
    throw new ProtocolError(
      "entry_version",
      `entry version ${version}; this reads ${ENTRY_VERSION}`,
    );
  }
  const count = reader.number();
  const fields = reader.array();
  const tenants = new Map<string, number>();
  let total = 0;
  for (let i = 0; i + 1 < fields; i += 2) {
    const name = Buffer.from(reader.textBytes()).toString("utf8");
    const run = reader.number();
    tenants.set(name, (tenants.get(name) ?? 0) + run);
    total += run;
  }
  if (total !== count) {
    throw malformed(`${total} events of tenants instead of ${count}`);
  }
  return tenants;
}

/**
 * Reads the tenants of an entry.
 * @param bytes that the reader reads
 * @param codes of the runs' tenants, filled anew
 * @returns the runs' lengths, in events
 */
export function readTenantRuns(
  reader: MsgpackReader,
  bytes: Uint8Array,
  dictionary: Dictionary,
  codes: number[],
): number[] {
  const runs: number[] = [];
  codes.length = 0;
  for (let left = reader.array() / 2; left >= 1; left -= 1) {
    reader.findText();
    codes.push(dictionary.intern(bytes, stringRead.start, stringRead.end));
    const run = reader.number();
    if (!Number.isInteger(run) || run < 0) throw malformed(`a tenant has ${run} events`);
    runs.push(run);
  }
  return runs;
}

/** The error for bytes that are not an entry. */
export function malformed(what: string): ProtocolError {
  return new ProtocolError("entry_malformed", `not an entry: ${what}`);
}
