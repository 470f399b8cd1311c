import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, it, onTestFinished } from "vitest";
import { type Attempt, post } from "../../src/sending/post.ts";
import { parseTargets, type WebhookTarget } from "../../src/sending/targets.ts";
import { type Receiver, startReceiver } from "../support/receiver.ts";

const SECRETS = "a=whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA a=whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const DELIVERY = { id: "whk_1", body: '{"type":"test","text":"é"}' };
const NEVER = new AbortController().signal;
let receiver: Receiver;
afterEach(async () => receiver.close());

function targetOf(url: string): WebhookTarget {
  const target = parseTargets(`a=${url}`, SECRETS).get("a");
  if (target === undefined) throw new Error("no target");
  return target;
}

async function attempt(timeoutMs = 5000, signal = NEVER): Promise<Attempt> {
  return post(targetOf(receiver.url), DELIVERY, timeoutMs, signal);
}

it("sends the body as it is, with the headers of Standard Webhooks and a signature of each secret", async () => {
  receiver = await startReceiver();
  expect(await attempt()).toMatchObject({ outcome: "delivered", status: 204 });
  const [request] = receiver.received;
  expect(request?.text).toBe(DELIVERY.body);
  expect(request?.headers).toMatchObject({
    "content-type": "application/json",
    "webhook-id": "whk_1",
    "webhook-timestamp": expect.stringMatching(/^\d{10}$/),
    "webhook-signature": expect.stringMatching(/^v1,[\w+/]{43}= v1,[\w+/]{43}=$/),
  });
});

describe("an answer", () => {
  it.each([
    [200, "delivered"],
    [202, "delivered"],
    [302, "redirected"],
    [307, "redirected"],
    [400, "refused"],
    [401, "refused"],
    [410, "gone"],
    [429, "refused"],
    [500, "failed"],
    [503, "failed"],
  ])("of %d is %s", async (status, outcome) => {
    receiver = await startReceiver((response) => {
      // Were it followed, this receiver would see the request twice.
      response.writeHead(status, { location: receiver.url, "retry-after": "3" }).end("{}");
    });
    const made = await attempt();
    expect(made).toMatchObject({ outcome, status });
    expect(made.retryAfterMs).toBe(outcome === "delivered" || outcome === "gone" ? 0 : 3000);
    expect(receiver.received.length).toBe(1);
  });

  it("that does not come is a timeout, one that is broken off no connection", async () => {
    receiver = await startReceiver(() => undefined);
    expect(await attempt(150)).toMatchObject({ outcome: "timeout", status: undefined });
    await receiver.close();
    receiver = await startReceiver((response) => response.destroy());
    const broken = await attempt();
    expect(broken).toMatchObject({ outcome: "unreachable", status: undefined });
    expect(broken.reason).toMatch(/^no connection: \w+$/);
  });

  it("without end is read up to a bound: the status has said what there is to say", async () => {
    let written = 0;
    receiver = await startReceiver((response) => {
      response.writeHead(200);
      const more = (): void => {
        if (response.destroyed) return;
        written += 1024;
        response.write("x".repeat(1024), () => setTimeout(more, 1));
      };
      more();
    });
    expect(await attempt(3000)).toMatchObject({ outcome: "delivered" });
    await sleep(200);
    const then = written;
    await sleep(200);
    expect(written).toBe(then);
  });

  it("that trickles after its status does not hold the attempt longer than its time", async () => {
    receiver = await startReceiver((response) => {
      response.writeHead(500);
      const timer = setInterval(() => response.write("x"), 20);
      response.on("close", () => clearInterval(timer));
      onTestFinished(() => clearInterval(timer));
    });
    expect(await attempt(200)).toMatchObject({ outcome: "failed", status: 500 });
  });
});

it("that is stopped says so", async () => {
  receiver = await startReceiver(() => undefined);
  const abort = new AbortController();
  const made = attempt(5000, abort.signal);
  await expect.poll(() => receiver.received.length).toBe(1);
  abort.abort();
  expect(await made).toMatchObject({
    outcome: "unreachable",
    reason: "stopped before the receiver answered",
  });
});

it("nobody there is no connection, said without the address", async () => {
  receiver = await startReceiver();
  const { url } = receiver;
  await receiver.close();
  const made = await post(targetOf(url), DELIVERY, 5000, NEVER);
  expect(made).toMatchObject({ outcome: "unreachable", reason: "no connection: ECONNREFUSED" });
  receiver = await startReceiver();
});
