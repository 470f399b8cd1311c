import type { PathTable } from "../path-table.ts";
import { SequenceIndex } from "../sequence-index.ts";

/** The sets of channels that paths touch, each once. */
export interface ChannelSets {
  /** Members of set i, ascending: `members[starts[i]]` … `members[starts[i + 1] - 1]`. */
  readonly starts: Int32Array;
  readonly members: Int32Array;
  /** The set of each path; the empty path has the empty set. */
  readonly setOfPath: Int32Array;
}

/** Which channels each path touches, whatever their order and number. Cost: one step a touch, and a sort of each set. */
export function channelSets({
  starts,
  touches,
  touchChannels,
  conversions,
}: PathTable): ChannelSets {
  const index = new SequenceIndex();
  const members: number[] = [];
  const setStarts: number[] = [0];
  const setOfPath = new Int32Array(conversions.length);
  for (let p = 0; p < conversions.length; p += 1) {
    const channels = new Set<number>();
    for (let i = starts[p] ?? 0; i < (starts[p + 1] ?? 0); i += 1) {
      channels.add(touchChannels[touches[i] ?? 0] ?? 0);
    }
    const sorted = Int32Array.from(channels).sort();
    const set = index.add(sorted, 0, sorted.length);
    setOfPath[p] = set;
    if (set < setStarts.length - 1) continue;
    for (const channel of sorted) members.push(channel);
    setStarts.push(members.length);
  }
  return { starts: Int32Array.from(setStarts), members: Int32Array.from(members), setOfPath };
}
