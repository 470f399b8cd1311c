import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { migrate, openWarehouse, readAdoption } from "@tributary/warehouse";
import { warehouseFolder } from "@tributary/reports";
import { expect, onTestFinished, test } from "vitest";
import { runCli } from "../../support/run-cli.ts";

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "tributary-adopt-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

async function adoptionOf(data: string): Promise<string | undefined> {
  const engine = await openWarehouse({ dataDir: warehouseFolder(data) });
  try {
    await migrate(engine);
    return await readAdoption(engine);
  } finally {
    await engine.close();
  }
}

test("a warehouse is adopted by its next start, and what will be missing is said", async () => {
  const data = newFolder();
  const kept = await runCli(["warehouse", "adopt", "--data", data], { cwd: data });
  expect(kept).toMatchObject({ code: 0, stderr: "" });
  expect(kept.stdout).toContain(
    "what was loaded into the former warehouse will be missing in this one",
  );
  expect(await adoptionOf(data)).toBe("keep");
  const args = ["warehouse", "adopt", "--reload", "--json", "--data", data];
  const reloaded = await runCli(args, { cwd: data });
  expect(JSON.parse(reloaded.stdout)).toEqual({ adoption: "reload" });
  expect(await adoptionOf(data)).toBe("reload");
});

test("one that is in use is not adopted", async () => {
  const data = newFolder();
  const engine = await openWarehouse({ dataDir: warehouseFolder(data) });
  const refused = await runCli(["warehouse", "adopt", "--data", data], { cwd: data });
  await engine.close();
  expect(refused.code).toBe(1);
  expect(refused.stderr).toContain(`is in use by process ${process.pid}`);
});
