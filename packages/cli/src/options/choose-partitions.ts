import { CliError } from "../errors.ts";

/** All partitions, or the one asked for. @throws CliError `usage` where the platform has no such partition */
export function choosePartitions(count: number, only: number | undefined): number[] {
  if (only === undefined) return Array.from({ length: count }, (_, partition) => partition);
  if (only < count) return [only];
  throw new CliError("usage", `--partition ${only}: expected 0 to ${count - 1}`);
}
