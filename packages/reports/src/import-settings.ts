/** Settings of imports over HTTP, as the environment has them. */
import type { EventLimits } from "@tributary/imports";
import { text, wholeNumber } from "@tributary/service";
import { z } from "zod";

const DAY_MS = 86_400_000;

/** Variables: name, default, meaning. */
export const importSettings = {
  TRIBUTARY_GATEWAY_URL: text("").describe(
    "gateway that events of imports over HTTP are sent through, such as http://gateway:8080; without it they are refused",
  ),
  TRIBUTARY_IMPORT_MAX_MB: wholeNumber(1, 256, 16).describe(
    "largest file of an import over HTTP, MiB",
  ),
  TRIBUTARY_IMPORTS_KEPT_MB: wholeNumber(1, 4096, 64).describe(
    "files of imports over HTTP that are kept between look and commit, MiB",
  ),
  TRIBUTARY_IMPORTS_KEPT_MS: wholeNumber(1000, 86_400_000, 900_000).describe(
    "how long such a file is kept, ms",
  ),
  TRIBUTARY_MAX_IMPORTS: wholeNumber(0, 64, 2).describe(
    "commits of imports that may run at a time",
  ),
  TRIBUTARY_MAX_EVENT_BYTES: wholeNumber(256, 1 << 20, 32_768).describe(
    "the gateway's largest event, packed as msgpack",
  ),
  TRIBUTARY_MAX_FUTURE_MS: wholeNumber(0, 10 * DAY_MS, DAY_MS).describe(
    "how far ahead of its clock the gateway takes an event, ms",
  ),
};

/** Bounds of imports over HTTP. */
export interface ImportFilesOptions {
  /** Files that are kept after a look, of all tenants together. */
  readonly keptBytes: number;
  readonly keptMs: number;
  /** Undefined where the service knows no gateway. */
  readonly gatewayUrl: string | undefined;
  readonly limits: EventLimits;
  /** Largest file. */
  readonly maxFileBytes: number;
  /** Commits at a time. */
  readonly maxCommits: number;
}

const schema = z.object(importSettings);

export function importOptions(values: z.infer<typeof schema>): ImportFilesOptions {
  return {
    gatewayUrl: values.TRIBUTARY_GATEWAY_URL.replace(/\/+$/, "") || undefined,
    keptBytes: values.TRIBUTARY_IMPORTS_KEPT_MB * 2 ** 20,
    keptMs: values.TRIBUTARY_IMPORTS_KEPT_MS,
    maxCommits: values.TRIBUTARY_MAX_IMPORTS,
    maxFileBytes: values.TRIBUTARY_IMPORT_MAX_MB * 2 ** 20,
    limits: {
      maxEventBytes: values.TRIBUTARY_MAX_EVENT_BYTES,
      maxFutureMs: values.TRIBUTARY_MAX_FUTURE_MS,
    },
  };
}
