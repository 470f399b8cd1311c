import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { type BuildOptions, build } from "esbuild";

/** What a visitor may have to load, bytes. */
export const MOST_GZIPPED_BYTES = 6144;

export interface Bundle {
  readonly code: string;
  readonly gzippedBytes: number;
}

/**
 * The browser client as one file that needs nothing else.
 * @param format `iife` for a script element, which sets `tributary.Tributary`; `esm` for import
 */
export async function bundleBrowser(format: "iife" | "esm"): Promise<Bundle> {
  return bundle("browser", {
    minify: true,
    format,
    globalName: "tributary",
    platform: "browser",
    target: "es2022",
  });
}

/** The Node client as one file of JavaScript: Node reads no TypeScript below node_modules. */
export async function bundleNode(): Promise<Bundle> {
  return bundle("node", { format: "esm", platform: "node", target: "node20" });
}

async function bundle(client: "browser" | "node", options: BuildOptions): Promise<Bundle> {
  const { outputFiles } = await build({
    ...options,
    entryPoints: [join(import.meta.dirname, "../src", client, "index.ts")],
    bundle: true,
    write: false,
  });
  const code = outputFiles[0]?.text ?? "";
  return { code, gzippedBytes: gzipSync(code, { level: 9 }).length };
}
