/** Figures as tables and messages show them. */

/** A number with thousands separated, and at most one digit after the point. */
export function figure(value: number): string {
  return value.toLocaleString("en-US", { maximumFractionDigits: 1 });
}

/** A number and what it counts: `1 row`, `1,200 rows`. */
export function counted(count: number, one: string, several = `${one}s`): string {
  return `${figure(count)} ${count === 1 ? one : several}`;
}

/** A time in the unit that fits: `0.3 s`, `12 s`, `5 min`, `3 h`, `2 d`; `–` where there is none. */
export function duration(seconds: number | null): string {
  if (seconds === null) return "–";
  if (seconds < 10) return `${figure(seconds)} s`;
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86_400)} d`;
}
