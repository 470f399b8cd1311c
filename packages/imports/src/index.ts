export { IMPORT_ERROR_CODES, ImportError, type ImportErrorCode } from "./errors.ts";
