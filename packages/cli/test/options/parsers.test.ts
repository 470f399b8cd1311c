import { expect, test } from "vitest";
import { readConfig } from "../../src/config.ts";
import { httpUrl, instant, integer, nameList } from "../../src/options/parsers.ts";

test("integers are taken within their bounds only", () => {
  const read = integer(1, 64);
  expect(read("64")).toBe(64);
  for (const text of ["0", "65", "-1", "1.5", "", "x", "1e1"]) {
    expect(() => read(text)).toThrow("Expected an integer from 1 to 64.");
  }
});

test("addresses lose their trailing slash, and must be http", () => {
  expect(httpUrl("http://h:8080/")).toBe("http://h:8080");
  expect(httpUrl("https://h/base/")).toBe("https://h/base");
  for (const text of ["h:8080", "ftp://h", "http://h?x=1"])
    expect(() => httpUrl(text)).toThrow("Expected an address");
});

test("lists take each name once, in the order given, or all", () => {
  const read = nameList(["a", "b", "c"]);
  expect(read("c, a,c")).toEqual(["c", "a"]);
  expect(read("all")).toEqual(["a", "b", "c"]);
  expect(() => read("a,x")).toThrow('"x" is not one of a, b, c');
  expect(() => read("a,")).toThrow("An empty name");
});

test("instants are ISO 8601 or milliseconds; days and times without an offset are left to the reports' zone", () => {
  expect(instant("2026-10-01")).toBe("2026-10-01");
  expect(instant("2026-10-01T02:00")).toBe("2026-10-01T02:00");
  expect(instant("2026-10-01T02:00:00.123456")).toBe("2026-10-01T02:00:00.123");
  expect(instant("2026-10-01T02:00:00+0200")).toBe("2026-10-01T00:00:00.000Z");
  expect(instant("2026-10-01T02:00:00+02:00")).toBe("2026-10-01T00:00:00.000Z");
  expect(instant("1790812800000")).toBe("2026-10-01T00:00:00.000Z");
  for (const text of ["2026-10-01 02:00", "1.10.2026", "2026-99-01", "2026-10-01T25:00"])
    expect(() => instant(text)).toThrow("Expected a day");
});

test("REDIS_URL is checked without repeating it", () => {
  expect(readConfig({ REDIS_URL: " redis://a:1,rediss://b:2 " }).redisUrl).toBe(
    "redis://a:1,rediss://b:2",
  );
  expect(readConfig({ REDIS_URL: "" }).redisUrl).toBeUndefined();
  expect(() => readConfig({ REDIS_URL: "http://:secret@h" })).toThrow(
    /^(?!.*secret).*redis:\/\/host:port/,
  );
});
