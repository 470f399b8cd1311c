import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { temporaryDir } from "../../../test/support/data-dir.ts";
import { identify } from "../src/client/process-identity.ts";
import { claimDataDir, removeState } from "../src/data-folder.ts";

const PROCESSES = 4;
const FOLDERS = 60;

/** What a killed platform leaves. */
const STALE = {
  ...identify(process.pid),
  startedTicks: "1",
  instanceId: "killed",
  startedAt: "",
  ready: true,
  gatewayUrl: "",
  reportsUrl: "",
  redisUrl: "",
  workers: [],
  processes: [],
};

/** @returns of each folder, how many of the processes have it */
async function claimAtOnce(folders: readonly string[]): Promise<number[]> {
  const program = fileURLToPath(new URL("./support/claim-child.ts", import.meta.url));
  const children = Array.from({ length: PROCESSES }, () => fork(program));
  onTestFinished(() => children.forEach((child) => child.kill("SIGKILL")));
  await Promise.all(children.map(async (child) => once(child, "message")));
  const startsAt = Date.now() + 200;
  const answers = await Promise.all(
    children.map(async (child, name) => {
      child.send({ folders, startsAt, name: `process${name}` });
      const [claimed] = (await once(child, "message")) as [boolean[]];
      return claimed;
    }),
  );
  return folders.map((_, index) => answers.filter((claimed) => claimed[index]).length);
}

function makeFolders(content: string | undefined): string[] {
  const root = temporaryDir();
  return Array.from({ length: FOLDERS }, (_, index) => {
    const folder = join(root, String(index));
    mkdirSync(folder);
    if (content !== undefined) writeFileSync(join(folder, "platform.json"), content);
    return folder;
  });
}

test.each([
  ["is empty", undefined],
  ["a killed platform left", JSON.stringify(STALE)],
  ["another program's file is in", "not JSON"],
])("of several that claim a folder that %s at once, one has it", async (_, content) => {
  const folders = makeFolders(content);
  expect(await claimAtOnce(folders)).toEqual(folders.map(() => 1));
  for (const folder of folders) {
    expect(readdirSync(folder)).toEqual(["platform.json"]);
    expect(readFileSync(join(folder, "platform.json"), "utf8")).toContain('"instanceId":"process');
  }
});

test("a claim that ended in the midst of its turn is no obstacle", async () => {
  const folder = temporaryDir();
  writeFileSync(join(folder, "platform.json"), JSON.stringify(STALE));
  const turn = { ...STALE, instanceId: "killed-too" };
  writeFileSync(join(folder, "platform.json.after-killed"), JSON.stringify(turn));
  await claimDataDir(folder, "mine");
  expect(readdirSync(folder)).toEqual(["platform.json"]);
  removeState(folder, "another's");
  expect(readdirSync(folder)).toEqual(["platform.json"]);
  removeState(folder, "mine");
  expect(readdirSync(folder)).toEqual([]);
});
