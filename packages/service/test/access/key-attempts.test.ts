import { describe, expect, it } from "vitest";
import { KeyAttempts } from "../../src/index.ts";

const MINUTE = 60_000;

describe("attempts with wrong keys", () => {
  it("lock an address out for a minute from its last different key on, and no other", () => {
    const attempts = new KeyAttempts(3, 100);
    for (let i = 0; i < 3; i += 1) {
      expect(attempts.lockedMs("a", i)).toBe(0);
      attempts.failed("a", `k${i}`, i);
    }
    expect(attempts.lockedMs("a", 2)).toBe(MINUTE);
    expect(attempts.lockedMs("a", 30_002)).toBe(30_000);
    expect(attempts.lockedMs("b", 2)).toBe(0);
    expect(attempts.lockedMs("a", MINUTE + 2)).toBe(0);
    attempts.failed("a", "k9", MINUTE + 3);
    expect(attempts.lockedMs("a", MINUTE + 3)).toBe(0);
  });

  it("with one key, or spread over more than a minute, lock nobody out", () => {
    const attempts = new KeyAttempts(3, 100);
    for (let i = 0; i < 100; i += 1) attempts.failed("a", "stale", i);
    for (let i = 0; i < 100; i += 1) {
      expect(attempts.lockedMs("a", i * MINUTE)).toBe(0);
      attempts.failed("a", `k${i}`, i * MINUTE);
    }
  });

  it("are held of so many addresses only, and of none where there is no limit", () => {
    const attempts = new KeyAttempts(1, 10);
    for (let i = 0; i < 100; i += 1) attempts.failed(`a${i}`, "k", 0);
    const locked = Array.from({ length: 100 }, (_, i) => attempts.lockedMs(`a${i}`, 1) > 0);
    expect(locked.filter(Boolean)).toHaveLength(10);
    expect(locked[99]).toBe(true);
    const unlimited = new KeyAttempts(0, 10);
    for (let i = 0; i < 100; i += 1) unlimited.failed("a", `k${i}`, 0);
    expect(unlimited.lockedMs("a", 0)).toBe(0);
  });
});
