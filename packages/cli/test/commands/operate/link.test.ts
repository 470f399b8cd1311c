import { tmpdir } from "node:os";
import { expect, test } from "vitest";
import { runCli } from "../../support/run-cli.ts";

const TARGET = "https://shop.example/?utm_source=news&utm_medium=email";
const run = (...args: string[]) => runCli(["link", ...args], { cwd: tmpdir() });

test("a link is made with its target encoded, and is right when it is checked", async () => {
  const made = await run(
    TARGET,
    "--key",
    "k1",
    "--gateway",
    "https://events.shop.example/",
    "--uid",
    "ada",
  );
  expect(made).toMatchObject({ code: 0, stderr: "" });
  const link = made.stdout.trim();
  expect(link).toBe(`https://events.shop.example/c/k1?url=${encodeURIComponent(TARGET)}&uid=ada`);
  const checked = await run(link, "--json");
  expect(checked.code).toBe(0);
  expect(JSON.parse(checked.stdout)).toEqual({
    link,
    target: TARGET,
    own: { uid: "ada" },
    problems: [],
  });
});

test("a link whose target is not encoded is told, with what it takes from it", async () => {
  const { code, stdout } = await run(`https://events.shop.example/c/k1?url=${TARGET}&source=x`);
  expect(code).toBe(1);
  expect(stdout).toContain("target  https://shop.example/?utm_source=news\n");
  expect(stdout).toContain("the target is not encoded: the link takes utm_medium from it");
});

test("a target whose UTM parameters are not read is told when the link is made", async () => {
  const { code, stdout } = await run("https://shop.example/#utm_source=news", "--key", "k1");
  expect(code).toBe(1);
  expect(stdout).toContain("utm_source of the target is in its fragment");
});

test.each([
  [["shop.example", "--key", "k1"], "the target: expected a whole address"],
  [[TARGET], "--key: expected the write key"],
  [[TARGET, "--key", "k1", "--gateway", "events"], "--gateway: expected a whole address"],
])("%j is refused by name", async (args, message) => {
  const { code, stderr } = await run(...args);
  expect([code, stderr]).toEqual([2, expect.stringContaining(message)]);
});
