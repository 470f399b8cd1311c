/** What names a touchpoint in a path, as the warehouse's own does: its dimension, or a JSON array of several. */
export function touchText(texts: readonly string[]): string {
  return texts.length <= 1 ? texts.join("") : JSON.stringify(texts);
}

/**
 * Makes the texts of paths that the warehouse wrote those of {@link touchText}: the two escape JSON differently.
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
