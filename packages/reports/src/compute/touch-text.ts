/** The text of a touchpoint in a path, as the warehouse writes it: its dimension, or a JSON array of several. */
export function touchText(texts: readonly string[]): string {
  return texts.length <= 1 ? texts.join("") : JSON.stringify(texts);
}

/**
 * Rewrites the warehouse's texts of a path as those of {@link touchText}: the two escape JSON differently.
 * @param dimensions how many a text holds
 */
export function ownTouchTexts(
  path: readonly string[],
  dimensions: number,
  known: Map<string, string>,
): readonly string[] {
  if (dimensions < 2) return path;
  return path.map((text) => {
    const own = known.get(text) ?? JSON.stringify(JSON.parse(text));
    known.set(text, own);
    return own;
  });
}
