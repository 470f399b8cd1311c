#!/usr/bin/env node
/**
 * The command's first file. Plain JavaScript that older versions of Node can read, for two reasons: it refuses them, and
 * only what comes after it is in Node's compile cache. TypeScript without the cache costs Node its compiler, which takes
 * longer than the whole command with it. The cache holds an entry a module and goes with the packages;
 * NODE_COMPILE_CACHE names another folder, NODE_DISABLE_COMPILE_CACHE=1 does without.
 */
import nodeModule from "node:module";
import { fileURLToPath } from "node:url";

const NEEDED = 24;
const version = process.versions.node;

if (Number.parseInt(version, 10) < NEEDED) {
  process.stderr.write(
    `Node ${NEEDED} or later is needed and this is Node ${version}: "npx tributary" runs the command on the Node ${NEEDED} that set-up installs.\n`,
  );
  process.exitCode = 1;
} else {
  const cacheDir = fileURLToPath(new URL("../node_modules/.cache/compile/", import.meta.url));
  nodeModule.enableCompileCache(cacheDir);
  await import("../src/main.ts");
}
