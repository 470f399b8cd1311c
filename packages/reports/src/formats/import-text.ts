import { ImportError, readDays } from "@tributary/imports";
import { ReportsError } from "../errors.ts";

/** Refused rows that are named. */
const MAX_NAMED = 100;

/** Rows to import, as `spendRows` and `rateRows` take them. */
export interface GivenRows {
  readonly rows: unknown;
  /** Columns of a file that fill nothing, each once. */
  readonly unmapped: readonly string[];
}

/**
 * The rows of a body: a file of a form that `tributary import` takes, or JSON as it is.
 * @param body bytes of a file, else parsed JSON
 * @throws ReportsError `import_invalid` for a file that cannot be read, naming line and expectation, or every row at fault
 */
export async function givenRows(kind: "spend" | "rates", body: unknown): Promise<GivenRows> {
  if (!(body instanceof Uint8Array)) return { rows: body, unmapped: [] };
  try {
    const { rows, refused, unmapped } = await readDays(kind, body, "the file");
    const [first] = refused;
    if (first === undefined) return { rows, unmapped };
    const named = refused.slice(0, MAX_NAMED).map(({ line, column, value, reason }) => ({
      line,
      field: column,
      reason: value === "" ? reason : `${reason}, got "${value.slice(0, 64)}"`,
    }));
    throw new ReportsError(
      "import_invalid",
      `${refused.length} of ${rows.length + refused.length} rows cannot be read, so none was taken: ${described(named)}`,
      { refused: named },
    );
  } catch (error) {
    if (!(error instanceof ImportError)) throw error;
    throw new ReportsError("import_invalid", error.message);
  }
}

/** Rows in a message; the details have all that are named. */
const MAX_DESCRIBED = 5;

function described(rows: readonly { line: number; field: string; reason: string }[]): string {
  const texts = rows
    .slice(0, MAX_DESCRIBED)
    .map(({ line, field, reason }) => `line ${line}: ${field === "" ? "" : `${field}: `}${reason}`);
  return [...texts, ...(rows.length > MAX_DESCRIBED ? ["…"] : [])].join("; ");
}
