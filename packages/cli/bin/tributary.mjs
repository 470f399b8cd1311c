#!/usr/bin/env node
/**
 * The command's first file. Plain JavaScript, because only what comes after it is in Node's compile cache: TypeScript
 * without the cache costs Node its compiler, which takes longer than the whole command with it. The cache holds an entry
 * a module and goes with the packages; NODE_COMPILE_CACHE names another folder, NODE_DISABLE_COMPILE_CACHE=1 does without.
 */
import { enableCompileCache } from "node:module";
import { fileURLToPath } from "node:url";

enableCompileCache(fileURLToPath(new URL("../node_modules/.cache/compile/", import.meta.url)));
await import("../src/main.ts");
