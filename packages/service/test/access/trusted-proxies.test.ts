import { expect, it } from "vitest";
import { parseProxies } from "../../src/index.ts";

it("takes addresses and networks, and names what is neither", () => {
  expect(parseProxies("PROXIES", "")).toEqual([]);
  expect(parseProxies("PROXIES", " 10.0.0.7, 10.0.0.0/8,fd00::/8,::1 ,")).toEqual([
    "10.0.0.7",
    "10.0.0.0/8",
    "fd00::/8",
    "::1",
  ]);
  for (const bad of [
    "proxy",
    "10.0.0.0/33",
    "10.0.0.0/8/8",
    "10.0.0",
    "*",
    "::/129",
    "10.0.0.0/",
  ]) {
    expect(() => parseProxies("PROXIES", `::1,${bad}`)).toThrow(
      `PROXIES: expected addresses or networks like 10.0.0.0/8 separated by commas, got "${bad}"`,
    );
  }
});
