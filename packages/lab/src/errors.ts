import { OperationalError } from "@tributary/platform/errors";

/** Every code that {@link LabError} carries. */
export const LAB_ERROR_CODES = [
  /** An option is not one that the measurement takes. */
  "usage",
  /** A file cannot be read, or does not have its format. */
  "file",
  /** A bench lost or double-counted something: it has no figure. */
  "bench_failed",
  /** Ctrl-C before the end of the measurement. */
  "interrupted",
] as const;

export type LabErrorCode = (typeof LAB_ERROR_CODES)[number];

/** A measurement could not be made. */
export class LabError extends OperationalError<LabErrorCode> {}
