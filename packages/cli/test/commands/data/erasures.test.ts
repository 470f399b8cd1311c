/** What the commands of erasures ask a reports service, and what they print. */
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { json } from "node:stream/consumers";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { runCli, type CliResult } from "../../support/run-cli.ts";

const RECEIPT = "3f0c0000-0000-4000-8000-000000000001";
const ASKED_AT = Date.UTC(2026, 0, 1);
const asked = { receipt: RECEIPT, state: "asked", askedAt: ASKED_AT };
const gone = { events: 1234, conversions: 2, touchpoints: 3 };
const done = { ...asked, state: "erased", erasedAt: ASKED_AT + 2000, erased: gone };
const open = { ...asked, erasedAt: null, erased: { events: 0, conversions: 0, touchpoints: 0 } };

let requests: { path: string; key: string | undefined; body: unknown }[] = [];
let deadLetters = 0;
/** How often an erasure is looked at before it is done. */
let looks = 0;
let list: object[] = [];

const answer = (path: string): [number, object] => {
  if (path === `/v1/erasures/${RECEIPT}`) return [200, (looks -= 1) > 0 ? open : done];
  return requests.at(-1)?.body === undefined
    ? [200, { erasures: list }]
    : [202, { ...asked, deadLetters }];
};
const server = createServer((request: IncomingMessage, response) => {
  const read = request.method === "POST" ? json(request) : Promise.resolve(undefined);
  void read.then((body) => {
    const path = request.url ?? "";
    requests.push({ path, key: request.headers.authorization, body });
    const [status, said] = answer(path);
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(said));
  });
});
beforeAll(async () => {
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
});
afterAll(() => server.close());
beforeEach(() => {
  requests = [];
  [deadLetters, looks, list] = [0, 0, []];
});

const run = async (...args: string[]): Promise<CliResult> => {
  const { port } = server.address() as AddressInfo;
  return runCli([...args, "--url", `http://127.0.0.1:${port}`], {
    cwd: tmpdir(),
    env: { TRIBUTARY_ERASE_KEY: "te_key" },
  });
};

test("an erasure is requested with the erase key, and the receipt is printed", async () => {
  expect(await run("erase", "--user", "ada", "--yes")).toMatchObject({
    code: 0,
    stdout: `requested: receipt ${RECEIPT}\n`,
    stderr: "",
  });
  await run("erase", "--anonymous", "device", "--tenant", "acme", "--yes", "--key", "other");
  expect(requests).toEqual([
    { path: "/v1/erasures", key: "Bearer te_key", body: { userId: "ada" } },
    { path: "/v1/erasures", key: "Bearer other", body: { anonymousId: "device", tenant: "acme" } },
  ]);
});

test("--wait prints how much was erased, and notes that dead letters were not searched", async () => {
  [looks, deadLetters] = [3, 7];
  const { code, stdout, stderr } = await run("erase", "--user", "ada", "--yes", "--wait");
  expect({ code, stdout }).toEqual({
    code: 0,
    stdout: `erased: 1,234 events, among them 2 conversions and 3 touchpoints; receipt ${RECEIPT}\n`,
  });
  expect(stderr).toContain("Dead letters that are kept (7) are not searched");
  expect(requests).toHaveLength(4);
});

test("waiting ends after --timeout, and the error names the command that shows the state", async () => {
  looks = 1000;
  const args = ["--user", "ada", "--yes", "--wait", "--timeout", "1"];
  expect(await run("erase", ...args)).toMatchObject({
    code: 1,
    stderr: expect.stringContaining(`\`tributary erasures\` shows the state of ${RECEIPT}`),
  });
});

test("as JSON", async () => {
  const { stdout } = await run("erase", "--user", "ada", "--yes", "--json");
  expect(JSON.parse(stdout)).toEqual({ ...asked, deadLetters: 0 });
  const waited = await run("erase", "--user", "ada", "--yes", "--wait", "--json");
  expect(JSON.parse(waited.stdout)).toEqual({ ...done, deadLetters: 0 });
  list = [done];
  expect(JSON.parse((await run("erasures", "--json")).stdout)).toEqual({ erasures: [done] });
});

test("receipts are listed", async () => {
  expect((await run("erasures")).stdout).toBe("No erasures.\n");
  list = [open, done];
  const { stdout } = await run("erasures");
  expect(stdout).toMatch(/receipt +asked +erased +events +conversions +touchpoints/);
  expect(stdout).toMatch(/ +2026-01-01T00:00:00\.000Z +asked +0 +0 +0/);
  expect(stdout).toMatch(/ +2026-01-01T00:00:02\.000Z +1,234 +2 +3/);
});

test.each([
  [["--yes"], "expected either --user or --anonymous"],
  [["--user", "ada", "--anonymous", "d", "--yes"], "expected either --user or --anonymous"],
  [["--user", "ada"], "give --yes as well"],
])("%j is bad usage, and no erasure is requested", async (args, message) => {
  expect(await run("erase", ...args)).toMatchObject({
    code: 2,
    stderr: expect.stringContaining(message),
  });
  expect(requests).toEqual([]);
});
