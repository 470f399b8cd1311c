/** What may be wrong with a file to import, or with its mapping. */
export const IMPORT_ERROR_CODES = [
  /** The file cannot be read as a table. */
  "file",
  /** The mapping is not one, or does not fit the file. */
  "mapping",
] as const;

export type ImportErrorCode = (typeof IMPORT_ERROR_CODES)[number];

/** Terminal: the same file and mapping fail again. The message names the place and what was expected. */
export class ImportError extends Error {
  readonly code: ImportErrorCode;

  constructor(code: ImportErrorCode, message: string) {
    super(message);
    this.name = "ImportError";
    this.code = code;
  }
}
