/**
 * Blocks one after another in one buffer of their own, which a thread takes over: handing them over one by one costs more
 * than copying them.
 */
export interface PackedBlocks {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Where each block ends. */
  readonly ends: readonly number[];
}

/** Copies blocks into a new buffer. */
export function packBlocks(blocks: readonly Uint8Array[]): PackedBlocks {
  const bytes = new Uint8Array(blocks.reduce((sum, block) => sum + block.length, 0));
  const ends: number[] = [];
  let at = 0;
  for (const block of blocks) {
    bytes.set(block, at);
    at += block.length;
    ends.push(at);
  }
  return { bytes, ends };
}

/** The blocks, as views. */
export function unpackBlocks({ bytes, ends }: PackedBlocks): Uint8Array[] {
  return ends.map((end, i) => bytes.subarray(ends[i - 1] ?? 0, end));
}
