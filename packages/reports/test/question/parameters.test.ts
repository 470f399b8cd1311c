import { expect, test } from "vitest";
import { z } from "zod";
import {
  flag,
  list,
  numberBetween,
  parseParameters,
  readParameters,
  refusals,
  refuse,
  text,
  wholeBetween,
} from "../../src/question/parameters.ts";

const schema = z.strictObject({
  shape: text(z.enum(["round", "square"]).default("round")),
  colours: list(z.array(z.enum(["red", "blue"])).optional()),
  edges: wholeBetween(3, 9, 4),
  share: numberBetween(0, 1).register(refusals, { code: "confidence_invalid" }),
  hollow: flag(false),
  parts: text(
    z
      .string()
      .transform((given, context) =>
        refuse(context, { code: "leave_out_invalid", reason: "expected none", given }, [1, "age"]),
      )
      .optional(),
  ),
});
const refused = (given: Readonly<Record<string, unknown>>) => {
  const result = parseParameters(schema, given);
  if (!("error" in result)) throw new Error(`${JSON.stringify(given)} was taken`);
  const { code, message, details } = result.error;
  return { code, message, ...details };
};

test("texts become values, and absent or empty ones their defaults", () => {
  const defaults = { shape: "round", edges: 4, hollow: false };
  expect(readParameters(schema, {})).toEqual(defaults);
  expect(readParameters(schema, { shape: " ", colours: ", ", edges: "", hollow: "" })).toEqual(
    defaults,
  );
  expect(
    readParameters(schema, {
      shape: "square ",
      colours: ["red", "blue, red"],
      edges: "9",
      share: "0.5",
      hollow: "true",
    }),
  ).toEqual({
    shape: "square",
    colours: ["red", "blue", "red"],
    edges: 9,
    share: 0.5,
    hollow: true,
  });
});

test("a refusal says which field, what was given and what is allowed", () => {
  const allowed = ["round", "square"];
  expect(refused({ shape: "oval" })).toEqual({
    code: "choice_unknown",
    message: 'shape: no such choice, got "oval"; allowed: round, square',
    field: "shape",
    given: "oval",
    allowed,
  });
  expect(refused({ colours: "red,green" })).toMatchObject({ field: "colours", given: "green" });
  expect(refused({ shape: ["round", "square"] })).toEqual({
    code: "parameter_repeated",
    message: 'shape: expected once, got "round and square"',
    field: "shape",
    given: "round and square",
  });
  expect(refused({ hollow: "yes" })).toMatchObject({ given: "yes", allowed: ["true", "false"] });
  expect(refused({ shape: "x".repeat(1000) }).given).toBe("x".repeat(64));
});

test("a number is shown as it was given", () => {
  for (const given of ["2", "10", "4.50", "1e9", "0x2", "many"]) {
    expect(refused({ edges: given })).toEqual({
      code: "number_invalid",
      message: `edges: expected a whole number from 3 to 9, got "${given}"`,
      field: "edges",
      given,
    });
  }
  expect(refused({ share: "1.10" })).toMatchObject({ code: "confidence_invalid", given: "1.10" });
});

test("a refusal of a part names its place; an unknown parameter goes before all others", () => {
  expect(refused({ parts: "x" })).toMatchObject({ field: "parts[1].age", given: "x" });
  expect(refused({ shape: "oval", edges: "0" })).toMatchObject({ field: "shape" });
  expect(refused({ shape: "oval", size: "1" })).toEqual({
    code: "parameter_unknown",
    message: "size: no such parameter; allowed: shape, colours, edges, share, hollow, parts",
    field: "size",
    allowed: ["shape", "colours", "edges", "share", "hollow", "parts"],
  });
});

test("the same schema is the description", () => {
  expect(z.toJSONSchema(schema, { io: "input" }).properties).toMatchObject({
    shape: { type: "string", enum: ["round", "square"], default: "round" },
    colours: { type: "array", items: { type: "string", enum: ["red", "blue"] } },
    edges: { type: "integer", minimum: 3, maximum: 9, default: 4 },
    share: { type: "number", minimum: 0, maximum: 1 },
    hollow: { type: "boolean", default: false },
    parts: { type: "string" },
  });
});
