/** The six models written as their definitions read, over a whole path at once. @param halfLife of time_decay, ms */
export function plainWeights(
  path: readonly { readonly age: number; readonly direct: boolean }[],
  halfLife: number,
): Record<string, number[]> {
  const n = path.length;
  const at = (index: number): number[] => path.map((_, i) => (i === index ? 1 : 0));
  const lastOther = path.findLastIndex(({ direct }) => !direct);
  const decay = path.map(({ age }) => 2 ** (-age / halfLife));
  const total = decay.reduce((sum, weight) => sum + weight, 0);
  return {
    first_touch: at(0),
    last_touch: at(n - 1),
    last_non_direct: at(lastOther < 0 ? n - 1 : lastOther),
    linear: path.map(() => 1 / n),
    position_based: path.map((_, i) => {
      if (n === 1) return 1;
      if (n === 2) return 0.5;
      return i === 0 || i === n - 1 ? 0.4 : 0.2 / (n - 2);
    }),
    time_decay: decay.map((weight) => weight / total),
  };
}
