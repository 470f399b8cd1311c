import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { expect, it } from "vitest";

const CLIENT = join(import.meta.dirname, "../../src/node/client.ts");

/** Runs a server of a customer's, whose gateway is unavailable. @param onProblem its source */
async function customer(onProblem: string): Promise<{ code: number; out: string; err: string }> {
  const program = `
    import { Tributary } from ${JSON.stringify(CLIENT)};
    const client = new Tributary({
      url: "http://127.0.0.1:1",
      flushIntervalMs: 1,
      retryMs: 5,
      maxRetryMs: 5,
      onProblem: ${onProblem},
    });
    client.track({ userId: "u" }, "first");
    setTimeout(async () => console.log("alive", client.send({}), await client.close({ timeoutMs: 20 })), 100);
  `;
  const child = spawn(process.execPath, ["--input-type=module", "-e", program]);
  let out = "";
  let err = "";
  child.stdout.on("data", (text) => (out += String(text)));
  child.stderr.on("data", (text) => (err += String(text)));
  const [code] = (await once(child, "close")) as [number];
  return { code, out, err };
}

it.each([
  ["throws", '() => { throw new Error("a fault of the customer\'s"); }'],
  ["rejects", 'async () => { throw new Error("a fault of the customer\'s"); }'],
])("goes on where onProblem %s, and says so", async (_, onProblem) => {
  const { code, out, err } = await customer(onProblem);
  expect([code, out]).toEqual([0, "alive true 2\n"]);
  expect(err).toContain("Tributary: onProblem failed");
  expect(err).toContain("a fault of the customer's");
});
