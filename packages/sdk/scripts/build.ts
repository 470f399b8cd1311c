/** `npm run build:sdk`: writes what a browser loads to `dist/`, and says how large it is. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { bundle, MOST_GZIPPED_BYTES } from "./bundle.ts";

const dist = join(import.meta.dirname, "../dist");
mkdirSync(dist, { recursive: true });
for (const [name, format] of [
  ["tributary.js", "iife"],
  ["tributary.mjs", "esm"],
] as const) {
  const { code, gzippedBytes } = await bundle(format);
  writeFileSync(join(dist, name), code);
  process.stdout.write(`${name}: ${code.length} bytes, ${gzippedBytes} gzipped\n`);
  if (gzippedBytes > MOST_GZIPPED_BYTES) {
    throw new Error(`${name} may have ${MOST_GZIPPED_BYTES} bytes gzipped`);
  }
}
