/** `npm run build:sdk`: writes the clients to `dist/` as others load them, and says how large they are. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Bundle, bundleBrowser, bundleNode, MOST_GZIPPED_BYTES } from "./bundle.ts";

const dist = join(import.meta.dirname, "../dist");
mkdirSync(dist, { recursive: true });
for (const [name, format] of [
  ["tributary.js", "iife"],
  ["tributary.mjs", "esm"],
] as const) {
  const built = await bundleBrowser(format);
  write(name, built);
  if (built.gzippedBytes > MOST_GZIPPED_BYTES) {
    throw new Error(`${name} may have ${MOST_GZIPPED_BYTES} bytes gzipped`);
  }
}
write("tributary-node.mjs", await bundleNode());

function write(name: string, { code, gzippedBytes }: Bundle): void {
  writeFileSync(join(dist, name), code);
  process.stdout.write(`${name}: ${Buffer.byteLength(code)} bytes, ${gzippedBytes} gzipped\n`);
}
