/**
 * Renders docs/diagrams/*.mmd to the SVG files beside them, with Mermaid in a headless Chromium:
 * `node scripts/diagrams.mjs`. Mermaid is large and needed by nobody who only runs Tributary, so it is installed into a
 * temporary folder. Each picture bears the digest of its source, which test/toolchain compares.
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

const MERMAID_VERSION = "12.3.0";
const folder = new URL("../docs/diagrams/", import.meta.url).pathname;

/** Path of a Chromium: the setting's, or the first on the PATH. */
function findChromium() {
  if (process.env.CHROMIUM_BIN) return process.env.CHROMIUM_BIN;
  const found = execFileSync(
    "sh",
    ["-c", "command -v chromium || command -v chromium-browser || command -v google-chrome"],
    { encoding: "utf8" },
  );
  return found.trim();
}

const installation = mkdtempSync(join(tmpdir(), "tributary-diagrams-"));
let browser;
try {
  execFileSync("npm", ["install", "--no-save", `mermaid@${MERMAID_VERSION}`], {
    cwd: installation,
    stdio: ["ignore", "ignore", "inherit"],
  });
  browser = await chromium.launch({
    executablePath: findChromium(),
    args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
  });
  const page = await browser.newPage();
  await page.addScriptTag({
    path: join(installation, "node_modules/mermaid/dist/mermaid.min.js"),
  });
  for (const file of readdirSync(folder).filter((name) => name.endsWith(".mmd"))) {
    const source = readFileSync(join(folder, file), "utf8");
    const name = file.slice(0, -".mmd".length);
    const svg = await page.evaluate(
      async ({ id, text }) => {
        const { mermaid } = globalThis;
        mermaid.initialize({
          startOnLoad: false,
          theme: "neutral",
          htmlLabels: false,
          deterministicIds: true,
          flowchart: { htmlLabels: false, wrappingWidth: 360 },
        });
        return (await mermaid.render(id, text)).svg;
      },
      { id: `diagram-${name}`, text: source },
    );
    const digest = createHash("sha256").update(source).digest("hex");
    // Where a page is dark, what is transparent could not be read.
    const onWhite = svg.replace('style="', 'style="background-color: white; ');
    writeFileSync(join(folder, `${name}.svg`), `<!-- source ${digest} -->\n${onWhite}\n`);
  }
} finally {
  await browser?.close();
  rmSync(installation, { recursive: true, force: true });
}
