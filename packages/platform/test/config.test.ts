import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { serviceEnvironment, stopsWithNpm } from "../src/config.ts";

test("services keep their compiled code beside the package, where the environment says nothing else", () => {
  const own = fileURLToPath(new URL("../node_modules/.cache/compile/", import.meta.url));
  expect(serviceEnvironment({ A: "1" })).toEqual({ A: "1", NODE_COMPILE_CACHE: own });
  expect(serviceEnvironment({ NODE_COMPILE_CACHE: "/elsewhere" })).toEqual({
    NODE_COMPILE_CACHE: "/elsewhere",
  });
});

test("without an environment they inherit this process's", () => {
  expect(serviceEnvironment(undefined)).toMatchObject({ PATH: process.env["PATH"] });
});

test("a command ends with the npm that started it, unless its setting keeps it", () => {
  expect(stopsWithNpm({})).toBe(false);
  expect(stopsWithNpm({ npm_command: "exec" })).toBe(true);
  expect(stopsWithNpm({ npm_command: "exec", TRIBUTARY_STOP_WITH_NPM: "off" })).toBe(false);
  expect(() => stopsWithNpm({ TRIBUTARY_STOP_WITH_NPM: "no" })).toThrow(
    'TRIBUTARY_STOP_WITH_NPM: expected on or off, got "no"',
  );
});
