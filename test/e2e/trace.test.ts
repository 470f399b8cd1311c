import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { startPlatform, type Platform } from "@tributary/platform";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type CollectedSpan,
  startCollector,
} from "../../packages/telemetry/test/support/jaeger-collector.ts";
import { temporaryDataDir } from "../support/tributary.ts";

describe("one request's trace", () => {
  const data = temporaryDataDir();
  let collector: Awaited<ReturnType<typeof startCollector>>;
  let platform: Platform;
  let receiver: Server;

  beforeAll(async () => {
    collector = await startCollector();
    receiver = createServer((request, response) => {
      request.resume();
      response.writeHead(204).end();
    }).listen(0, "127.0.0.1");
    await once(receiver, "listening");
    const { port } = receiver.address() as AddressInfo;
    platform = await startPlatform({
      dataDir: data.dir,
      port: 0,
      partitions: 2,
      environment: {
        ...process.env,
        OTEL_EXPORTER_JAEGER_ENDPOINT: collector.url,
        OTEL_TRACES_EXPORTER: "jaeger",
        TRIBUTARY_WEBHOOKS: `default=http://127.0.0.1:${port}/`,
        TRIBUTARY_WEBHOOK_SECRETS: `default=whsec_${randomBytes(32).toString("base64")}`,
      },
    });
  });
  afterAll(async () => {
    await platform?.stop();
    await collector?.close();
    receiver?.closeAllConnections();
    receiver?.close();
    data.remove();
  });

  it("goes from the HTTP request over publish, process and commit to the load and the webhook, in one trace or linked", async () => {
    const traceId = randomBytes(16).toString("hex");
    const time = Date.now();
    const answer = await fetch(`${platform.gatewayUrl}/v1/events`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        traceparent: `00-${traceId}-${randomBytes(8).toString("hex")}-01`,
      },
      body: JSON.stringify([
        { id: "t", type: "click", time, userId: "u", channel: "email" },
        {
          id: "c",
          type: "conversion",
          time,
          userId: "u",
          value: "5",
          currency: "EUR",
          orderId: "o",
        },
      ]),
    });
    expect(answer.status).toBe(202);
    expect(await (await fetch(`${platform.reportsUrl}/v1/settled?timeoutMs=20000`)).json()).toEqual(
      { settled: true },
    );

    const wanted = [
      "POST /v1/events",
      "send events",
      "process",
      "compute",
      "commit",
      "load",
      "send webhook",
    ];
    const has = (spans: readonly CollectedSpan[]) =>
      wanted.every((name) => spans.some(({ operationName }) => operationName.startsWith(name)));
    await collector.waitFor(has, 20_000);
    const spans = collector.spans();
    const find = (name: string): CollectedSpan => {
      const found = spans.filter(
        (span) => span.operationName.startsWith(name) && reaches(span, traceId, spans),
      );
      if (found[0] === undefined) throw new Error(`no span ${name} that belongs to the request`);
      return found[0];
    };
    const [request, send, processed, compute, commit, load, webhook] = wanted.map(find) as [
      CollectedSpan,
      CollectedSpan,
      CollectedSpan,
      CollectedSpan,
      CollectedSpan,
      CollectedSpan,
      CollectedSpan,
    ];
    expect(request.traceId).toBe(traceId);
    expect(request.service).toBe("tributary-gateway");
    expect(send.parentSpanId).toBe(request.spanId);
    expect([processed.service, processed.parentSpanId]).toEqual(["tributary-worker", send.spanId]);
    expect(processed.tags).toMatchObject({
      "messaging.system": "redis",
      "messaging.operation.name": "process",
      "messaging.consumer.group.name": "attribution",
    });
    expect([compute.parentSpanId, commit.parentSpanId]).toEqual([
      processed.spanId,
      processed.spanId,
    ]);
    expect(load.service).toBe("tributary-reports");
    expect(webhook).toMatchObject({ service: "tributary-webhooks", traceId });
    expect(webhook.tags).toMatchObject({ "http.response.status_code": 204 });
    // From the conversion's order one comes to the trace, and back to the batch.
    const found = await fetch(`${platform.reportsUrl}/v1/conversions/o`);
    expect(await found.json()).toMatchObject({ id: "c", revisions: [{ traceId }] });
    expect(load.startUs).toBeGreaterThanOrEqual(request.startUs);
  });
});

/** Whether a span is of the trace, or linked (also through other spans) to one that is. */
function reaches(
  span: CollectedSpan,
  traceId: string,
  all: readonly CollectedSpan[],
  seen = new Set<string>(),
): boolean {
  if (span.traceId === traceId) return true;
  if (seen.has(span.spanId)) return false;
  seen.add(span.spanId);
  return span.references.some(
    (reference) =>
      reference.traceId === traceId ||
      all.some((other) => other.spanId === reference.spanId && reaches(other, traceId, all, seen)),
  );
}
