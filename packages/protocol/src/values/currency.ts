/** ISO 4217 codes in use, as the runtime's Unicode data knows them. */
const CODES: ReadonlySet<string> = new Set(Intl.supportedValuesOf("currency"));

/** True for an upper-case ISO 4217 code. */
export function isCurrency(code: string): boolean {
  return CODES.has(code);
}
