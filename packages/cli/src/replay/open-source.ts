import { extname } from "node:path";
import { CliError } from "../errors.ts";
import { FORMATS, type Format } from "./formats.ts";
import { readCsv } from "./sources/csv-source.ts";
import type { FieldMap } from "./sources/field-map.ts";
import { timeReader, type TimeOptions } from "./sources/event-time.ts";
import { contentPrefix, plainName, readStart } from "./sources/file-content.ts";
import { readMsgpack } from "./sources/msgpack-source.ts";
import { readNdjson } from "./sources/ndjson-source.ts";
import { isPathsHeader, readPaths } from "./sources/paths-source.ts";
import type { SourceChunk } from "./sources/source-item.ts";

const BY_EXTENSION: Readonly<Record<string, Format>> = {
  ".csv": "csv",
  ".ndjson": "ndjson",
  ".jsonl": "ndjson",
  ".msgpack": "msgpack",
  ".mpk": "msgpack",
};

/**
 * The format of a file, by its extension; a CSV file with the header of aggregated paths is `paths`.
 * @throws CliError `usage` for an unknown extension
 */
export async function detectFormat(path: string): Promise<Format> {
  const format = BY_EXTENSION[extname(plainName(path)).toLowerCase()];
  if (format === undefined) {
    throw new CliError(
      "usage",
      `the format of ${path} is not known by its name; give --format with one of ${FORMATS.join(", ")}`,
    );
  }
  if (format !== "csv") return format;
  const header = (await readStart(path, 200)).replace(/^\ufeff/, "").split(/\r?\n/)[0] ?? "";
  return isPathsHeader(header) ? "paths" : "csv";
}

/** Opens a file as events. All formats but `paths` read it once in advance, because made-up IDs derive from its content. */
export async function openSource(
  path: string,
  format: Format,
  options: {
    readonly map: FieldMap | undefined;
    readonly currency: string;
    readonly times: TimeOptions;
  },
): Promise<AsyncIterable<SourceChunk>> {
  const { map, currency } = options;
  const times = timeReader(options.times);
  if (format === "paths") {
    if (map !== undefined)
      throw new CliError("usage", "--map does not go with --format paths: its columns are fixed");
    return readPaths(path, currency);
  }
  const prefix = await contentPrefix(path);
  const read = { csv: readCsv, ndjson: readNdjson, msgpack: readMsgpack }[format];
  return read(path, map, prefix, times);
}
