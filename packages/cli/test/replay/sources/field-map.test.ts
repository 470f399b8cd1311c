import { expect, test } from "vitest";
import {
  createRowMapper,
  defaultFieldMap,
  parseFieldMap,
} from "../../../src/replay/sources/field-map.ts";

test("fields are mapped to columns or constants, by short names too", () => {
  const map = parseFieldMap("user=customer id, time=ts,type=@click,order=o");
  expect([...map]).toEqual([
    ["userId", { column: "customer id" }],
    ["time", { column: "ts" }],
    ["type", { constant: "click" }],
    ["orderId", { column: "o" }],
  ]);
});

test.each([
  ["user", "expected field=column"],
  ["user=", "expected field=column"],
  ["type=@", "expected field=column"],
  ["=x", '"" is no field'],
  ["colour=x", '"colour" is no field of an event; expected one of user'],
  ["user=a,userId=b", '"userId" is mapped twice'],
])("%j is refused with a reason", (text, reason) => {
  expect(() => parseFieldMap(text)).toThrow(reason);
});

test("columns named as fields map themselves; the first of two wins, the others are left alone", () => {
  const map = defaultFieldMap(["user", "userId", "time", "weather"]);
  expect([...map]).toEqual([
    ["userId", { column: "user" }],
    ["time", { column: "time" }],
  ]);
});

test("empty cells are left out, and a row without a time is rejected", () => {
  const map = parseFieldMap("id=id,user=user,time=time,type=@click,value=value");
  const mapper = createRowMapper<Record<string, string>>(map, (row, name) => row[name]);
  const made = (): string => "made";
  expect(mapper({ user: "u", time: "1700000000", value: "" }, made)).toEqual({
    id: "made",
    type: "click",
    userId: "u",
    time: 1_700_000_000_000,
  });
  expect(mapper({ id: "own", user: "u", time: "soon" }, made)).toEqual({
    field: "time",
    reason:
      'expected s, ms, us or ns since 1970, ISO 8601 or a timestamp of a database, or RFC 2822 (without a zone: UTC), got "soon"',
  });
});
