/** How databases and tools write that there is nothing: a customer `NULL` would be one person for many. */
const NOTHING = /^(?:|\\N|null|\(null\)|#N\/A|\(not set\)|undefined)$/i;
/** Longer texts are something. */
const LONGEST = 9;

/** True for a cell that holds nothing. @param text without spaces around it */
export function isNothing(text: string): boolean {
  return text.length <= LONGEST && NOTHING.test(text);
}
