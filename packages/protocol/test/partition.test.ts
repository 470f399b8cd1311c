import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { murmur3, partitionOf, tenantSeed } from "../src/index.ts";

interface PartitionVector {
  readonly tenant: string;
  readonly userKey: string;
  readonly partitions: number;
  readonly partition: number;
}
const vectors = JSON.parse(
  readFileSync(new URL("../vectors/partition.json", import.meta.url), "utf8"),
) as PartitionVector[];

describe("the partition of a user", () => {
  it.each(vectors)("$tenant / $userKey of $partitions is $partition", (vector) => {
    expect(partitionOf(vector.tenant, vector.userKey, vector.partitions)).toBe(vector.partition);
  });

  // smhasher and the Wikipedia article on MurmurHash give these.
  it.each([
    ["", 0, 0x00000000],
    ["", 1, 0x514e28b7],
    ["", 0xffffffff, 0x81f16f39],
    ["test", 0x9747b28c, 0x704b81dc],
    ["Hello, world!", 0x9747b28c, 0x24884cba],
    ["The quick brown fox jumps over the lazy dog", 0x9747b28c, 0x2fa826cd],
  ])("hashes %j with seed %i", (text, seed, expected) => {
    const bytes = Buffer.from(text);
    expect(murmur3(bytes, 0, bytes.length, seed)).toBe(expected);
  });

  it("is spread evenly", () => {
    const counts = Array.from({ length: 16 }, () => 0);
    for (let i = 0; i < 16_000; i += 1) {
      const partition = partitionOf("default", `user-${i}`, 16);
      counts[partition] = (counts[partition] ?? 0) + 1;
    }
    expect(Math.min(...counts)).toBeGreaterThan(850);
    expect(Math.max(...counts)).toBeLessThan(1150);
  });

  it("does not depend on where the bytes lie", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), fc.nat(8), (bytes, offset) => {
        const shifted = new Uint8Array(bytes.length + offset);
        shifted.set(bytes, offset);
        expect(murmur3(shifted, offset, shifted.length, tenantSeed("t"))).toBe(
          murmur3(bytes, 0, bytes.length, tenantSeed("t")),
        );
      }),
    );
  });
});
