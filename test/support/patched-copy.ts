import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** A change of one file's text; the text to replace must be there exactly once. */
export interface Patch {
  /** Path inside `packages`. */
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

/**
 * The product with a promise broken on purpose, in a folder of its own: to see that a test would notice.
 * @returns the path of its `tributary` command, and its removal
 */
export function patchedCopy(patches: readonly Patch[]): { main: string; remove: () => void } {
  const dir = mkdtempSync(join(tmpdir(), "tributary-patched-"));
  // Links inside are relative: they lead to the packages of the copy.
  cpSync(join(ROOT, "packages"), join(dir, "packages"), {
    recursive: true,
    verbatimSymlinks: true,
    filter: (path) => !path.endsWith("/test") && !path.endsWith("/.cache"),
  });
  symlinkSync(join(ROOT, "node_modules"), join(dir, "node_modules"));
  for (const { file, from, to } of patches) {
    const path = join(dir, "packages", file);
    const parts = readFileSync(path, "utf8").split(from);
    if (parts.length !== 2) {
      throw new Error(`${file} holds the text to replace ${parts.length - 1} times: ${from}`);
    }
    writeFileSync(path, parts.join(to));
  }
  return {
    main: join(dir, "packages/cli/bin/tributary.mjs"),
    remove: () => rmSync(dir, { recursive: true, force: true }),
  };
}
