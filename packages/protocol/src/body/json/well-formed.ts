/** An escape of JSON: a pair of surrogates, one surrogate alone, or any other (RFC 8259, section 7). */
const ESCAPE = /\\(?:u(d[89ab][0-9a-f]{2})\\u(d[c-f][0-9a-f]{2})|u(d[89a-f][0-9a-f]{2})|.)/gis;
const LONE = /\\ud[89a-f]/i;

/**
 * A JSON text without halves of surrogate pairs, which UTF-8 cannot hold: each becomes U+FFFD, as the WHATWG Encoding Standard
 * has it for text that is written as UTF-8 (https://infra.spec.whatwg.org/#scalar-value-string).
 */
export function wellFormedJson(text: string): string {
  if (!LONE.test(text)) return text;
  return text.replaceAll(ESCAPE, (escape, _high, _low, lone: string | undefined) =>
    lone === undefined ? escape : "\\ufffd",
  );
}
