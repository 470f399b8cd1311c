import type { ByteColumn } from "../bytes/byte-column.ts";
import { describeValue, readString, skipValue, stringRead } from "../bytes/msgpack.ts";
import { isText } from "../bytes/utf8.ts";
import { RARE_CURRENCY, RARE_PROPERTIES } from "../entry/rare.ts";
import { FIELD_CURRENCY, FIELD_PROPERTIES, FIELD_VALUE, RARE_TEXT } from "./event-field.ts";
import { lengthProblem, NOT_UTF8 } from "./event-problem.ts";
import { isCurrencyCode, readMoney } from "./money.ts";
import { propertiesProblem } from "./properties.ts";
import { quote } from "./refusal.ts";

/**
 * Appends the value at `pos` of a field without a column of its own to the rare fields.
 * @param words the same bytes
 * @returns the position after it; or, where it cannot be taken, what was expected and what came
 */
export function readRareField(
  field: number,
  bytes: Uint8Array,
  words: DataView,
  pos: number,
  rare: ByteColumn,
): number | string {
  if (field === FIELD_VALUE) return readMoney(bytes, pos, bytes.length, rare);
  if (field === FIELD_PROPERTIES) {
    const end = skipValue(bytes, pos, bytes.length);
    const problem = propertiesProblem(bytes, pos, end);
    if (problem !== undefined) return problem;
    append(rare, RARE_PROPERTIES, bytes, pos, end);
    return end;
  }
  if (!readString(bytes, pos, bytes.length)) {
    return `expected a string, got ${describeValue(bytes[pos] as number)}`;
  }
  const { start, end } = stringRead;
  if (field === FIELD_CURRENCY) {
    if (!isCurrencyCode(bytes, start, end)) {
      return `expected an ISO 4217 code in capitals such as EUR, got ${quote(bytes, start, end)}`;
    }
    append(rare, RARE_CURRENCY, bytes, pos, end);
    return end;
  }
  // The empty text is the same as absent.
  if (start === end) return end;
  const bound = RARE_TEXT[field] as readonly [number, number];
  if (end - start > bound[0]) return lengthProblem(bound[0], end - start);
  if (!isText(bytes, words, start, end)) return NOT_UTF8;
  append(rare, bound[1], bytes, pos, end);
  return end;
}

function append(rare: ByteColumn, code: number, bytes: Uint8Array, pos: number, end: number): void {
  rare.byte(code);
  rare.range(bytes, pos, end - pos);
}
