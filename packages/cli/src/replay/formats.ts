/** Formats of a replayed file. */
export const FORMATS = ["csv", "ndjson", "msgpack", "paths"] as const;

export type Format = (typeof FORMATS)[number];
