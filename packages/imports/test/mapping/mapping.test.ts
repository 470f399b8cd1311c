import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { ImportError } from "../../src/errors.ts";
import {
  checkMapping,
  headerDigest,
  mappingJsonSchema,
  parseMapping,
} from "../../src/mapping/mapping.ts";

const PUBLISHED = new URL("../../../../docs/import-mapping.schema.json", import.meta.url);
const PAGE = new URL("../../../../docs/import.md", import.meta.url);

test("the published schema is that of the code", () => {
  expect(JSON.parse(readFileSync(PUBLISHED, "utf8"))).toEqual(
    JSON.parse(JSON.stringify(mappingJsonSchema())),
  );
});

test("the documented mapping is one", () => {
  const [, json = ""] = /```json\n([^`]*)```/.exec(readFileSync(PAGE, "utf8")) ?? [];
  expect(parseMapping(json)).toMatchObject({ kind: "events", userFrom: "orderId" });
});

describe("a mapping that is none is named by its place", () => {
  const mapping = (more: object): object => ({ version: 1, kind: "events", columns: {}, ...more });

  test.each([
    [mapping({ version: 2 }), "version"],
    [mapping({ kind: "orders" }), "kind"],
    [mapping({ more: 1 }), "more"],
    [mapping({ columns: { a: { field: "amount" } } }), "columns.a.field"],
    [mapping({ columns: { a: { field: "time", formats: ["dd.MM"] } } }), "columns.a.formats"],
    [mapping({ columns: { a: { field: "time", zone: "Mars" } } }), "columns.a.zone"],
    [mapping({ columns: { a: {} } }), "columns.a"],
    [mapping({ columns: { a: { field: "time", ignore: true } } }), "columns.a"],
    [mapping({ columns: { a: { field: "type", values: { x: "lead" } } } }), "columns.a.values.x"],
    [mapping({ defaults: { currency: "Euro" } }), "defaults.currency"],
    [mapping({ defaults: { type: "lead" } }), "defaults.type"],
    [mapping({ defaults: { day: "x" } }), "defaults.day"],
    [[], "mapping"],
  ])("%o", (value, place) => {
    expect(() => checkMapping(value)).toThrow(ImportError);
    expect(() => checkMapping(value)).toThrow(place);
  });

  test("and so is one that is no JSON", () => {
    expect(() => parseMapping("{")).toThrow("not JSON");
  });
});

test("a header is known whatever the order of its columns, and without columns of ours", () => {
  expect(headerDigest(["b", " a ", "tributary_line", "tributary_type"])).toBe(
    headerDigest(["a", "b"]),
  );
  expect(headerDigest(["a", "c"])).not.toBe(headerDigest(["a", "b"]));
});
