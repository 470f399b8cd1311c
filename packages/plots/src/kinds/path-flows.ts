/** A path and how often it was taken. */
export interface CountedPath {
  readonly steps: readonly string[];
  readonly count: number;
  /** Where it ended: `converted`, `not converted`. */
  readonly end: string;
}

export interface FlowNode {
  readonly name: string;
  /** From 0; ends are one behind the last step. */
  readonly step: number;
}

export interface Flow {
  readonly source: number;
  readonly target: number;
  readonly count: number;
}

/** Nodes by step and what goes between them: what a Sankey diagram draws. */
export interface Flows {
  readonly nodes: readonly FlowNode[];
  readonly flows: readonly Flow[];
}

export interface PathFlowsOptions {
  /** Steps that are shown; longer paths go on behind `…`. */
  readonly steps: number;
  /** Names of a step; the rarest beyond them are `other`. */
  readonly namesPerStep: number;
}

/** A rare step, and the steps of a long path that are not shown. */
export const OTHER = "other";
export const MORE = "…";

/**
 * The flows of paths between their steps. All of a path's count goes through each of its steps and to its end, so that what
 * enters a node is what leaves it.
 */
export function pathFlows(
  paths: readonly CountedPath[],
  { steps, namesPerStep }: PathFlowsOptions,
): Flows {
  const kept = Array.from({ length: steps }, (_, step) => frequentNames(paths, step, namesPerStep));
  const numbers = new Map<string, number>();
  const nodes: FlowNode[] = [];
  const numberOf = (name: string, step: number): number => {
    const key = `${step} ${name}`;
    const known = numbers.get(key);
    if (known !== undefined) return known;
    numbers.set(key, nodes.length);
    return nodes.push({ name, step }) - 1;
  };
  const counts = new Map<string, Flow>();
  for (const { steps: taken, count, end } of paths) {
    if (count <= 0) continue;
    const shown = taken
      .slice(0, steps)
      .map((name, step) => (kept[step]?.has(name) === true ? name : OTHER));
    const numbered = shown.map((name, step) => numberOf(name, step));
    if (taken.length > steps) numbered.push(numberOf(MORE, steps));
    numbered.push(numberOf(end, steps + 1));
    for (const [i, source] of numbered.slice(0, -1).entries()) {
      const target = numbered[i + 1] as number;
      const key = `${source} ${target}`;
      counts.set(key, { source, target, count: (counts.get(key)?.count ?? 0) + count });
    }
  }
  return { nodes, flows: [...counts.values()] };
}

function frequentNames(paths: readonly CountedPath[], step: number, most: number): Set<string> {
  const counts = new Map<string, number>();
  for (const { steps, count } of paths) {
    const name = steps[step];
    if (name !== undefined) counts.set(name, (counts.get(name) ?? 0) + count);
  }
  const names = [...counts].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1));
  // A single name beyond the bound has the room that `other` would take.
  const kept = names.length <= most ? names : names.slice(0, most - 1);
  return new Set(kept.map(([name]) => name));
}
