import { Buffer } from "node:buffer";
import { ENTRY_VERSION } from "./entry.ts";
import { ProtocolError } from "../errors.ts";
import { MsgpackReader } from "../bytes/msgpack.ts";

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
    throw new ProtocolError(
      "entry_malformed",
      `not an entry: ${total} events of tenants instead of ${count}`,
    );
  }
  return tenants;
}
