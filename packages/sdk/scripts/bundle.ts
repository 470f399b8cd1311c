import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

/** What a visitor may have to load, bytes. */
export const MOST_GZIPPED_BYTES = 6144;

/**
 * The browser client as one file that needs nothing else.
 * @param format `iife` for a script element, which sets `tributary.Tributary`; `esm` for import
 */
export async function bundle(format: "iife" | "esm") {
  const { outputFiles } = await build({
    entryPoints: [join(import.meta.dirname, "../src/browser/index.ts")],
    bundle: true,
    minify: true,
    write: false,
    format,
    globalName: "tributary",
    platform: "browser",
    target: "es2022",
  });
  const code = outputFiles[0]?.text ?? "";
  return { code, gzippedBytes: gzipSync(code, { level: 9 }).length };
}
