import { expect, test } from "vitest";
import { AttributionError } from "../../../src/errors.ts";
import { readCustomModel } from "../../../src/models/custom/custom-model.ts";

test("reads what is set", () => {
  const model = readCustomModel(
    {
      name: "our_model",
      position: { first: 0.5, middle: 0.25, last: 0.25 },
      channels: { email: 2, direct: 0, ["__proto__"]: 3 },
      types: { impression: 0.3 },
      age: {
        steps: [
          { upToMs: 1000, weight: 1 },
          { upToMs: 2000, weight: 0.5 },
        ],
        beyond: 0.1,
      },
    },
    ["linear"],
  );
  expect(model).toEqual({
    name: "our_model",
    position: { first: 0.5, middle: 0.25, last: 0.25 },
    channels: new Map([
      ["email", 2],
      ["direct", 0],
      ["__proto__", 3],
    ]),
    types: new Map([["impression", 0.3]]),
    age: {
      steps: [
        { upToMs: 1000, weight: 1 },
        { upToMs: 2000, weight: 0.5 },
      ],
      beyond: 0.1,
    },
  });
});

test("shares that sum to 1 but for float64 are taken", () => {
  const position = { first: 0.1, middle: 0.2, last: 0.7 };
  expect(readCustomModel({ name: "a", position }, []).position).toEqual(position);
});

const age = (steps: unknown) => ({ name: "a", age: { steps } });

test.each([
  [undefined, "model: expected an object with name, position, channels, types, age, got undefined"],
  ["x => 1", 'model: expected an object with name, position, channels, types, age, got "x => 1"'],
  [
    { name: "a", code: "…" },
    'model.code: expected only the fields name, position, channels, types, age, got "code"',
  ],
  [
    { types: {} },
    "name: expected 1 to 64 lower-case letters, digits and underscores, a letter first, got undefined",
  ],
  [
    { name: "Our model" },
    'name: expected 1 to 64 lower-case letters, digits and underscores, a letter first, got "Our model"',
  ],
  [{ name: "linear", types: {} }, 'name: expected a name no other model has, got "linear"'],
  [
    { name: "a" },
    'model: expected at least one of position, channels, types, age, got "only a name"',
  ],
  [
    { name: "a", position: { first: 0.5, middle: 0.2, last: 0.2 } },
    "position: expected first + middle + last of 1, got 0.8999999999999999",
  ],
  [
    { name: "a", position: { first: 1.5, middle: 0, last: 0 } },
    "position.first: expected a number from 0 to 1, got 1.5",
  ],
  [
    { name: "a", position: { first: 1, last: 0 } },
    "position.middle: expected a number from 0 to 1, got undefined",
  ],
  [
    { name: "a", position: [1] },
    "position: expected an object with first, middle, last, got an array",
  ],
  [
    { name: "a", channels: { email: "2" } },
    'channels.email: expected a number from 0 to 1000000, got "2"',
  ],
  [
    { name: "a", channels: { email: Number.NaN } },
    "channels.email: expected a number from 0 to 1000000, got NaN",
  ],
  [{ name: "a", channels: { "": 2 } }, 'channels: expected names of 1 to 64 characters, got ""'],
  [
    { name: "a", channels: Object.fromEntries(Array.from({ length: 1001 }, (_, i) => [i, 1])) },
    "channels: expected at most 1000 channels, got 1001",
  ],
  [
    { name: "a", types: { view: 1 } },
    'types.view: expected only the fields impression, click, visit, got "view"',
  ],
  [{ name: "a", types: { click: -1 } }, "types.click: expected a number from 0 to 1000000, got -1"],
  [
    { name: "a", age: { halfLifeMs: 0 } },
    "age.halfLifeMs: expected a number from 1 to 9007199254740991, got 0",
  ],
  [
    { name: "a", age: { halfLifeMs: 5, beyond: 1 } },
    'age: expected either halfLifeMs or steps, not both, got "both"',
  ],
  [
    { name: "a", age: {} },
    "age.steps: expected an array of 1 to 100 steps, or halfLifeMs, got undefined",
  ],
  [age([]), "age.steps: expected an array of 1 to 100 steps, or halfLifeMs, got an array"],
  [
    age([
      { upToMs: 5, weight: 1 },
      { upToMs: 5, weight: 1 },
    ]),
    "age.steps[1].upToMs: expected more than 5, that of the step before, got 5",
  ],
  [age([{ upToMs: 5 }]), "age.steps[0].weight: expected a number from 0 to 1000000, got undefined"],
  [age([7]), "age.steps[0]: expected an object with upToMs, weight, got 7"],
  [
    { name: "a", age: { steps: [{ upToMs: 1, weight: 1 }], beyond: -1 } },
    "age.beyond: expected a number from 0 to 1000000, got -1",
  ],
])("%j is refused by name", (input, message) => {
  expect(() => readCustomModel(input, ["linear"])).toThrow(
    new AttributionError("custom_model_invalid", message),
  );
});
