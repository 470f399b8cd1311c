export { CLI_ERROR_CODES, CliError, type CliErrorCode } from "./errors.ts";
export { expandPathRow, type PathRow } from "./replay/path-events.ts";
export { readPaths } from "./replay/paths-source.ts";
