import type { ChannelSets } from "./channel-sets.ts";

interface Node {
  /** Child nodes by channel number. */
  readonly children: Map<number, Node>;
  /** The set that ends here, or undefined. */
  set: number | undefined;
}

/**
 * Finds the sets that lie within another: a trie of ascending members, of which only the branches that
 * stay within are followed.
 * Source: I. Savnik, "Index data structure for fast subset and superset queries" (2013).
 * Cost: a search visits at most as many nodes as the set has subsets, and as the trie has nodes.
 */
export class SubsetTree {
  readonly #root: Node = { children: new Map(), set: undefined };

  constructor({ starts, members }: ChannelSets) {
    for (let set = 0; set + 1 < starts.length; set += 1) {
      let node = this.#root;
      for (const channel of members.subarray(starts[set], starts[set + 1])) {
        let child = node.children.get(channel);
        if (child === undefined) {
          child = { children: new Map(), set: undefined };
          node.children.set(channel, child);
        }
        node = child;
      }
      node.set = set;
    }
  }

  /** Numbers of the sets, not empty, whose members are all among these; itself included where there is one. */
  subsetsOf(members: Int32Array): number[] {
    const found: number[] = [];
    collect(this.#root, members, 0, found);
    return found;
  }
}

function collect(node: Node, members: Int32Array, from: number, found: number[]): void {
  if (node.children.size === 0) return;
  for (let i = from; i < members.length; i += 1) {
    const child = node.children.get(members[i] ?? 0);
    if (child === undefined) continue;
    if (child.set !== undefined) found.push(child.set);
    collect(child, members, i + 1, found);
  }
}
