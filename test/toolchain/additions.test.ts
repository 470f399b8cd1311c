/** What CONTRIBUTING.md says of an addition is asked for here, where no compiler does. */
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { MODEL_NAMES } from "../../packages/attribution/src/models/registry.ts";
import { COMMANDS } from "../../packages/cli/src/command-list.ts";
import { plainWeights } from "../../packages/oracle/src/models.ts";
import { CATALOG } from "../../packages/reports/src/catalog/catalog.ts";
import { METRICS } from "../../packages/telemetry/src/metrics/names.ts";
import { packageNames } from "./support/package-table.ts";

const root = resolve(import.meta.dirname, "../..");
const text = (path: string): string => readFileSync(join(root, path), "utf8");

describe("a streamed model", () => {
  test("is one of the oracle's", () => {
    const weights = plainWeights([{ age: 1, direct: false }], 1);
    expect(Object.keys(weights).toSorted()).toEqual([...MODEL_NAMES].toSorted());
  });

  test.each(MODEL_NAMES)("%s is a value of the reports' `model`", (name) => {
    expect(text("docs/reports.md")).toContain(`\`${name}\``);
  });
});

describe("a report", () => {
  test.each(Object.keys(CATALOG))(
    "%s is a command, and has its place in the API's page",
    (name) => {
      expect(COMMANDS.map((command) => command.name)).toContain(name);
      expect(text("docs/reports.md")).toContain(`\n## GET /v1/reports/${name}\n`);
      expect(text("docs/cli.md")).toMatch(new RegExp(`[\`, ]${name}\\b`));
    },
  );
});

describe("a metric", () => {
  const sources = packageNames.flatMap((name) => {
    const src = join("packages", name, "src");
    return readdirSync(join(root, src), { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".ts") && !/(?:^|\/)(?:metrics|names)\.ts$/.test(file))
      .map((file) => text(join(src, file)));
  });
  const counted = sources.join("\n");

  test("is counted somewhere, not only listed", () => {
    expect(Object.keys(METRICS).filter((name) => !counted.includes(name))).toEqual([]);
  });
});
