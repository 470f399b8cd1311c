import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { conversionKey } from "@tributary/streams";
import { expect, it, onTestFinished } from "vitest";
import { z } from "zod";
import { freePort } from "../../../test/support/redis-server.ts";
import { readConfig } from "../src/config.ts";
import { exampleBody, exampleId } from "../src/delivery/example.ts";
import { bodyOf, deliverySchema, erasedBodyOf, resultSchema } from "../src/delivery/payload.ts";
import { post } from "../src/sending/post.ts";
import { parseTargets, type WebhookTarget } from "../src/sending/targets.ts";

const page = readFileSync(new URL("../../../docs/webhooks.md", import.meta.url), "utf8");
const SCHEMA = fileURLToPath(new URL("../delivery.schema.json", import.meta.url));
const OLD = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const ADA = { tenant: "acme", id: "5d2f", userKey: "ada", anonymous: false };
const ERASED = { tenant: "acme", key: conversionKey(ADA), id: "5d2f" };
const NEW = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

function block(language: string): string {
  const text = page.split(`\`\`\`${language}\n`)[1]?.split("```")[0];
  if (text === undefined) throw new Error(`docs/webhooks.md has no ${language}`);
  return text;
}

function targetOf(port: number, secrets: readonly string[]): WebhookTarget {
  const pairs = secrets.map((secret) => `acme=${secret}`).join(" ");
  const target = parseTargets(`acme=http://127.0.0.1:${port}/attributed`, pairs).get("acme");
  if (target === undefined) throw new Error("no target");
  return target;
}

/** The page's receiver as a process. @returns what it prints */
async function startDocumented(port: number, secrets: string): Promise<() => string> {
  const dir = mkdtempSync(join(tmpdir(), "tributary-receiver-"));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const program = join(dir, "receiver.mjs");
  writeFileSync(program, block("js"));
  const child = spawn(process.execPath, [program], {
    env: { ...process.env, PORT: String(port), WEBHOOK_SECRETS: secrets },
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(async () => {
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
  });
  let printed = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (printed += text));
  return () => printed;
}

it("the receiver of docs/webhooks.md takes what is signed, and nothing else", async () => {
  const port = await freePort();
  const printed = await startDocumented(port, OLD);
  const signal = new AbortController().signal;
  const send = async (secrets: readonly string[], body: string) =>
    (await post(targetOf(port, secrets), { id: exampleId(), body }, 5000, signal)).status;
  const example = exampleBody("acme", Date.now());
  await expect.poll(async () => send([OLD], example), { timeout: 10_000 }).toBe(204);
  expect(await send([NEW], example)).toBe(401);
  // While a secret is replaced.
  expect(await send([NEW, OLD], example)).toBe(204);
  expect(await send([OLD], block("json"))).toBe(204);
  await expect.poll(printed).toContain("conversion.corrected 5d2f 1 66.66");
  expect(await send([OLD], erasedBodyOf(ERASED, Date.now()))).toBe(204);
  await expect.poll(printed).toContain("conversion.erased 5d2f");
  // What was under way when it was erased.
  expect(await send([OLD], block("json"))).toBe(204);
  await expect.poll(printed).toContain("conversion.corrected 5d2f is erased");
  // One of the same ID, sent by somebody else, is another.
  const { type, ...rest } = resultSchema.parse(JSON.parse(block("json")));
  const others = { ...rest, data: { ...rest.data, key: "another", value: "1" } };
  expect(await send([OLD], JSON.stringify({ type, ...others }))).toBe(204);
  await expect.poll(printed).toContain("conversion.corrected 5d2f 1 1");
});

it("the schema is that of the code (`npx vitest run webhooks-doc -u` writes it), and the page's body is of it", async () => {
  const text = `${JSON.stringify(z.toJSONSchema(deliverySchema, { io: "input" }), undefined, 2)}\n`;
  await expect(text).toMatchFileSnapshot(SCHEMA);
  const body = resultSchema.parse(JSON.parse(block("json")));
  expect(JSON.parse(bodyOf(body.data))).toEqual(body);
  deliverySchema.parse(JSON.parse(exampleBody("acme", Date.now())));
  const erased = erasedBodyOf(ERASED, Date.parse("2026-10-02T09:00:00.000Z"));
  expect(page).toContain(erased);
  deliverySchema.parse(JSON.parse(erased));
});

it("the page tells every field and every variable", () => {
  const { data } = resultSchema.shape;
  for (const field of Object.keys(data.shape)) expect(page).toContain(`\`${field}\``);
  const source = readFileSync(new URL("../src/config.ts", import.meta.url), "utf8");
  const variables = [...source.matchAll(/^ {2}(TRIBUTARY_WEBHOOK\w*):/gm)].map(([, name]) => name);
  expect(variables.length).toBeGreaterThan(8);
  for (const name of variables) {
    // A second one of a row is written as its end.
    const short = `\`…${name?.replace("TRIBUTARY_WEBHOOK", "")}\``;
    expect([name, page.includes(`\`${name}\``) || page.includes(short)]).toEqual([name, true]);
  }
});

it("the page's environment is one that the service takes", () => {
  const [, targets = "", secrets = ""] =
    /TRIBUTARY_WEBHOOKS='([^']+)' \\\nTRIBUTARY_WEBHOOK_SECRETS='([^']+)'/.exec(page) ?? [];
  const config = readConfig({
    TRIBUTARY_WEBHOOKS: targets,
    TRIBUTARY_WEBHOOK_SECRETS: secrets,
    OTEL_TRACES_EXPORTER: "none",
  });
  expect([...config.targets.keys()]).toEqual(["acme"]);
  expect(config.pacing).toEqual({ maxInFlight: 8, firstBackoffMs: 1000, maxBackoffMs: 3_600_000 });
  expect([config.timeoutMs, config.maxAttempts, config.leaseMs]).toEqual([10_000, 72, 5000]);
});
