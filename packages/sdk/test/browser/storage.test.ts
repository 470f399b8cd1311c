import { describe, expect, it } from "vitest";
import type { BrowserWindow, KeyValues } from "../../src/browser/environment.ts";
import { Storage } from "../../src/browser/storage.ts";
import type { Problem } from "../../src/core/problem.ts";

/** localStorage as browsers have it, over a map. */
function keyValues(): KeyValues & { readonly map: Map<string, string> } {
  const map = new Map<string, string>();
  return {
    map,
    get length() {
      return map.size;
    },
    key: (index) => [...map.keys()][index] ?? null,
    getItem: (key) => map.get(key) ?? null,
    setItem: (key, value) => void map.set(key, value),
    removeItem: (key) => void map.delete(key),
  };
}

const event = (id: string, time: number) => ({ id, type: "custom", time }) as const;

function tab(localStorage: KeyValues, problems: Problem[] = []): Storage {
  const window = { localStorage, location: { href: "https://shop.example/" } };
  return new Storage(
    window as unknown as BrowserWindow,
    "tributary.k.",
    "localStorage",
    undefined,
    (problem) => problems.push(problem),
  );
}

describe("Storage", () => {
  it("keeps the events of several tabs apart, and hands them on, oldest first", () => {
    const store = keyValues();
    const [first, second] = [tab(store), tab(store)];
    first.keep(event("a", 3));
    second.keep(event("b", 2));
    first.keep(event("c", 1));
    expect(second.adopt()).toEqual([event("c", 1), event("a", 3)]);
    expect(second.adopt()).toEqual([]);
    // What one tab has sent the other does not send any more.
    first.release(event("a", 3));
    expect(["a", "b", "c"].filter((id) => second.wants(event(id, 1)))).toEqual(["b", "c"]);
  });

  it("removes what it cannot read, and says so", () => {
    const store = keyValues();
    store.map.set("tributary.k.event.x", "{");
    store.map.set("tributary.other.event.y", "{");
    const problems: Problem[] = [];
    expect(tab(store, problems).adopt()).toEqual([]);
    expect(problems).toMatchObject([{ code: "storage" }]);
    expect([...store.map.keys()]).toEqual(["tributary.other.event.y"]);
  });

  it("goes on where it may not store, and says so", () => {
    const problems: Problem[] = [];
    const refuse = (): never => {
      throw new Error("full");
    };
    const storage = tab({ ...keyValues(), setItem: refuse }, problems);
    storage.keep(event("a", 1));
    expect(storage.wants(event("a", 1))).toBe(true);
    expect(problems).toMatchObject([{ code: "storage", reason: "full", events: [{ id: "a" }] }]);
    storage.set("userId", "ada");
    expect(storage.get("userId")).toBe("ada");
  });

  it("reads no ID from a cookie that somebody else wrote, and says so", () => {
    const problems: Problem[] = [];
    const document = { cookie: "tributary.k.anonymousId=%E0%A4%A; tributary.k.userId=ad%C3%A4" };
    const window = {
      document,
      localStorage: keyValues(),
      location: { href: "https://s.example/" },
    };
    const storage = new Storage(
      window as unknown as BrowserWindow,
      "tributary.k.",
      "cookie",
      undefined,
      (problem) => problems.push(problem),
    );
    expect(storage.get("anonymousId")).toBeUndefined();
    expect(problems).toMatchObject([{ code: "storage", reason: expect.stringMatching(/URI/) }]);
    expect(storage.get("userId")).toBe("adä");
  });

  it("goes on where neither cookies nor localStorage may be read, as in a sandboxed frame", () => {
    const refuse = (): never => {
      throw new Error("sandboxed");
    };
    for (const persistence of ["cookie", "localStorage"] as const) {
      const problems: Problem[] = [];
      const window = {
        get document() {
          return {
            get cookie(): string {
              return refuse();
            },
            set cookie(_: string) {
              refuse();
            },
          };
        },
        localStorage: { ...keyValues(), getItem: refuse, setItem: refuse, removeItem: refuse },
        location: { href: "https://s.example/" },
      };
      const storage = new Storage(
        window as unknown as BrowserWindow,
        "tributary.k.",
        persistence,
        undefined,
        (problem) => problems.push(problem),
      );
      expect(storage.get("userId")).toBeUndefined();
      storage.set("userId", "ada");
      expect(storage.get("userId")).toBe("ada");
      storage.set("userId", undefined);
      expect(storage.get("userId")).toBeUndefined();
      expect(problems.length).toBeGreaterThan(0);
      expect(
        problems.every(({ code, reason }) => code === "storage" && reason === "sandboxed"),
      ).toBe(true);
    }
  });
});
