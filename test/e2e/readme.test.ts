/** The README's own commands, in its order, as a newcomer types them: each works as it is, behind `npm start`. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startPlatform, type Platform } from "@tributary/platform";
import { temporaryDataDir, tributary } from "../support/tributary.ts";

const ROOT = join(import.meta.dirname, "../..");
const TIMEOUT_MS = 120_000;
/** In blocks and in sentences, up to a comment. */
const COMMAND = /(?:^|`)npx tributary ([^`\n#]*[^`\n#\s])/gm;

const readme = readFileSync(join(ROOT, "README.md"), "utf8");
const commands = [...readme.matchAll(COMMAND)]
  .map(([, command = ""]) => command)
  .filter((command) => command !== "up");

let platform: Platform | undefined;
const data = temporaryDataDir();
afterAll(async () => {
  await platform?.stop();
  data.remove();
});

it("names commands", () => {
  expect(commands.length).toBeGreaterThan(5);
});

describe("each command of the README", () => {
  beforeAll(async () => {
    // What `npm start` plays, then what `up` runs.
    const sample = await tributary(["start", "--once", "--data", data.dir, "--port", "0"]);
    if (sample.code !== 0) throw new Error(`the sample was not played: ${sample.stderr}`);
    platform = await startPlatform({
      dataDir: data.dir,
      port: 0,
      environment: { ...process.env, OTEL_TRACES_EXPORTER: "none" },
    });
  }, TIMEOUT_MS);

  it.each(commands)("%s", { timeout: TIMEOUT_MS }, async (command) => {
    const { code, stdout, stderr } = await tributary([
      ...command
        .split(" ")
        .map((word) => word.replace(/^examples\//, `${ROOT}/examples/`))
        .map((word) => (word.endsWith(".svg") ? join(data.dir, word) : word)),
      "--data",
      data.dir,
    ]);
    expect({ command, code, stderr }).toMatchObject({ code: 0 });
    expect(`${stdout}${stderr}`).not.toBe("");
  });
});
