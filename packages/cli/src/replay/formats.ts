/** What a replayed file may be. */
export const FORMATS = ["csv", "ndjson", "msgpack", "paths"] as const;

export type Format = (typeof FORMATS)[number];
