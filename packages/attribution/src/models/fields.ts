import { AttributionError, type AttributionErrorCode } from "../errors.ts";

const SHOWN_CHARACTERS_MAX = 64;

/** Reads unknown input field by field; its errors name the field. */
export class FieldReader {
  readonly #code: AttributionErrorCode;

  /** @param code of the errors */
  constructor(code: AttributionErrorCode) {
    this.#code = code;
  }

  /** The entries of an object; none where it is left out. @param known the fields it may have; any without */
  object(value: unknown, field: string, known?: readonly string[]): ReadonlyMap<string, unknown> {
    if (value === undefined) return new Map();
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw this.invalid(
        field,
        known === undefined ? "an object" : `an object with ${known.join(", ")}`,
        value,
      );
    }
    const entries = new Map<string, unknown>(Object.entries(value));
    for (const key of entries.keys()) {
      if (known !== undefined && !known.includes(key)) {
        throw this.invalid(`${field}.${key}`, `only the fields ${known.join(", ")}`, key);
      }
    }
    return entries;
  }

  /** A number within bounds, both included. */
  number(value: unknown, field: string, min: number, max: number): number {
    if (typeof value === "number" && value >= min && value <= max) return value;
    throw this.invalid(field, `a number from ${min} to ${max}`, value);
  }

  invalid(field: string, expected: string, got: unknown): AttributionError {
    let shown = String(got);
    if (typeof got === "string") shown = JSON.stringify(got.slice(0, SHOWN_CHARACTERS_MAX));
    else if (Array.isArray(got)) shown = "an array";
    else if (typeof got === "function" || (typeof got === "object" && got !== null)) {
      shown = `a value of type ${typeof got}`;
    }
    return new AttributionError(this.#code, `${field}: expected ${expected}, got ${shown}`);
  }
}
