import { describe, expect, it } from "vitest";
import { ApiKeys, isLoopback, parseApiKeys } from "../../src/index.ts";

const refuse = (reason: string): Error => new Error(`refused: ${reason}`);
const basic = (user: string): string => `Basic ${Buffer.from(user).toString("base64")}`;

describe("API keys", () => {
  const keys = new ApiKeys(
    "write",
    parseApiKeys("KEYS", "k1=shop, a:b=other,x=y=z", "0.0.0.0"),
    refuse,
  );

  it.each([
    [{ authorization: "Bearer k1" }, "shop"],
    [{ authorization: "bearer  k1" }, "shop"],
    [{ authorization: basic("k1:") }, "shop"],
    [{ authorization: basic("a:b:") }, "other"],
    [{ "x-write-key": "a:b", authorization: "Bearer k1" }, "other"],
    [{ "x-write-key": "x=y" }, "z"],
  ])("%j is %s", (headers, tenant) => expect(keys.tenantOf(headers)).toBe(tenant));

  it.each([
    {},
    { authorization: "Bearer " },
    { authorization: "Digest k1" },
    { "x-read-key": "k1" },
  ])("%j needs a key", (headers) =>
    expect(() => keys.tenantOf(headers)).toThrow(/refused: a write key is needed/),
  );

  it("unknown are refused without being repeated", () => {
    expect(() => keys.tenantOf({ authorization: "Bearer sesame" })).toThrow(
      /^refused: the write key is not known$/,
    );
  });

  it("not configured, leave loopback open and nothing else", () => {
    const open = new ApiKeys("read", parseApiKeys("KEYS", "", "127.0.0.1"), refuse);
    expect(open.tenantOf({ authorization: "Bearer anything" })).toBe("default");
    expect(() => parseApiKeys("KEYS", " , ", "0.0.0.0")).toThrow(
      /^KEYS: expected key=tenant pairs, or redis for those made by tributary keys, because/,
    );
  });

  it("may be left out where what needs one is refused while there is none", () => {
    expect(parseApiKeys("KEYS", "", undefined).size).toBe(0);
    const stored = { closed: true, tenantOf: () => undefined };
    const closed = new ApiKeys("erase", new Map(), refuse, stored);
    expect(() => closed.tenantOf({})).toThrow(/^refused: an erase key is needed.* as x-erase-key$/);
    expect(["127.0.0.1", "::1", "localhost", "0.0.0.0"].map(isLoopback)).toEqual([
      true,
      true,
      true,
      false,
    ]);
  });

  it.each(["secret", "=shop", "secret=", "secret=a b", "secret=../x"])(
    "refuse the setting %j, without it",
    (pairs) => {
      expect(() => parseApiKeys("KEYS", pairs, "localhost")).toThrow(
        /^KEYS: expected key=tenant pairs separated/,
      );
      expect(() => parseApiKeys("KEYS", pairs, "localhost")).not.toThrow(/secret/);
    },
  );
});
