import { OperationalError } from "@tributary/platform/errors";

/** Every code that {@link LabError} carries. */
export const LAB_ERROR_CODES = [
  /** An option is not one that the measurement takes. */
  "usage",
  /** A file cannot be read, or is not what its format says. */
  "file",
  /** Something was lost or counted twice in a bench: it gives no figure then. */
  "bench_failed",
  /** Ctrl-C before there was an answer. */
  "interrupted",
] as const;

export type LabErrorCode = (typeof LAB_ERROR_CODES)[number];

/** A measurement could not be made. */
export class LabError extends OperationalError<LabErrorCode> {}
