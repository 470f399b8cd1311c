import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { REPORTS_ERROR_CODES } from "../src/errors.ts";

test("every error code is documented", async () => {
  const manual = await readFile(new URL("../../../docs/reports.md", import.meta.url), "utf8");
  const missing = Object.keys(REPORTS_ERROR_CODES).filter(
    (code) => !manual.includes(`\`${code}\``),
  );
  expect(missing).toEqual([]);
});
