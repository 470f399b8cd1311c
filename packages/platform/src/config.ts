import { fileURLToPath } from "node:url";

/** Where Node keeps the services' compiled code: an entry a module, beside the packages, so that it goes with them. */
const COMPILE_CACHE = fileURLToPath(new URL("../node_modules/.cache/compile/", import.meta.url));

/**
 * What a platform's processes inherit: the given environment, or this process's, with Node's compile cache switched on
 * unless it says otherwise (NODE_COMPILE_CACHE names another folder, NODE_DISABLE_COMPILE_CACHE=1 does without).
 */
export function serviceEnvironment(
  given: Readonly<Record<string, string | undefined>> | undefined,
): Readonly<Record<string, string | undefined>> {
  return { NODE_COMPILE_CACHE: COMPILE_CACHE, ...(given ?? process.env) };
}
