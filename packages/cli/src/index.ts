export { CLI_ERROR_CODES, CliError, type CliErrorCode } from "./errors.ts";
export { expandPathRow, type PathRow } from "./replay/sources/path-events.ts";
export { readPaths } from "./replay/sources/paths-source.ts";
