/** Words of files' headers and cells, brought to one form. */

/** Lower case, without accents, words joined by `_`: `Bestell-Nr.` is `bestell_nr`, `orderId` is `order_id`. */
export function plainName(text: string): string {
  return text
    .trim()
    .replaceAll(/(\p{Ll}|\d)(\p{Lu})/gu, "$1_$2")
    .toLowerCase()
    .replaceAll("ß", "ss")
    .normalize("NFD")
    .replaceAll(/\p{M}/gu, "")
    .replaceAll(/[^\p{L}\p{N}]+/gu, "_")
    .replaceAll(/^_+|_+$/g, "");
}

/** A cell's word: without spaces around it, in lower case. */
export function plainValue(text: string): string {
  return text.trim().toLowerCase();
}
