import { fileURLToPath } from "node:url";
import { PlatformError } from "./errors.ts";

/** Where Node keeps the services' compiled code: an entry a module, beside the packages, so that it goes with them. */
const COMPILE_CACHE = fileURLToPath(new URL("../node_modules/.cache/compile/", import.meta.url));

/**
 * What a platform's processes inherit: the given environment, or this process's, with Node's compile cache switched on.
 * NODE_COMPILE_CACHE names another folder, NODE_DISABLE_COMPILE_CACHE=1 switches the cache off.
 */
export function serviceEnvironment(
  given: Readonly<Record<string, string | undefined>> | undefined,
): Readonly<Record<string, string | undefined>> {
  return { NODE_COMPILE_CACHE: COMPILE_CACHE, ...(given ?? process.env) };
}

/**
 * Whether a command ends together with the npm that started it. npm sets `npm_command` (`exec` for npx).
 * TRIBUTARY_STOP_WITH_NPM=off leaves the command running: for a script of a package.json that starts it in the background.
 * @throws PlatformError `usage` for another value than on or off
 */
export function stopsWithNpm(
  env: Readonly<Record<string, string | undefined>> = process.env,
): boolean {
  const value = env["TRIBUTARY_STOP_WITH_NPM"]?.trim() || "on";
  if (value !== "on" && value !== "off") {
    throw new PlatformError(
      "usage",
      `TRIBUTARY_STOP_WITH_NPM: expected on or off, got ${JSON.stringify(value.slice(0, 64))}`,
    );
  }
  return value === "on" && env["npm_command"] !== undefined;
}
