import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { context, metrics, propagation } from "@opentelemetry/api";
import { expect, test, vi } from "vitest";
import { spanCounts, startTest } from "../support/telemetry.ts";

interface Received {
  readonly url: string | undefined;
  readonly type: string | undefined;
  readonly key: string | undefined;
  readonly body: Buffer;
}

/** The global logger provider of @opentelemetry/api-logs, which is not a dependency of ours. */
function emitGlobalLogRecord(): void {
  const registered: unknown = Reflect.get(globalThis, Symbol.for("io.opentelemetry.js.api.logs"));
  if (typeof registered !== "function") return;
  const provider: unknown = registered(1);
  if (typeof provider !== "object" || provider === null || !("getLogger" in provider)) return;
  if (typeof provider.getLogger !== "function") return;
  provider.getLogger("somebody").emit({ body: "a record" });
}

// The SDK reads the process's environment itself. Alone in its file, because what is registered
// globally first stays.
test("OTLP carries spans only, in protobuf, whatever else the environment invites", async () => {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const key = request.headers["x-key"];
      received.push({
        url: request.url,
        type: request.headers["content-type"],
        key: typeof key === "string" ? key : undefined,
        body: Buffer.concat(chunks),
      });
      response.writeHead(200).end();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const invitations = {
    OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
    OTEL_METRIC_EXPORT_INTERVAL: "50",
    OTEL_METRIC_EXPORT_TIMEOUT: "40",
    OTEL_BLRP_SCHEDULE_DELAY: "20",
    OTEL_PROPAGATORS: "b3",
  };
  for (const [name, value] of Object.entries(invitations)) vi.stubEnv(name, value);

  const { telemetry } = startTest({
    OTEL_TRACES_EXPORTER: "otlp",
    OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
    OTEL_EXPORTER_OTLP_HEADERS: "x-key=v%201",
  });
  metrics.getMeter("somebody").createCounter("events").add(1);
  emitGlobalLogRecord();
  telemetry.tracer.startActiveSpan("by otlp", (span) => {
    const headers: Record<string, string> = {};
    propagation.inject(context.active(), headers);
    const { traceId, spanId } = span.spanContext();
    expect(headers).toEqual({ traceparent: `00-${traceId}-${spanId}-01` });
    span.end();
  });
  await new Promise((resolve) => setTimeout(resolve, 200));
  await telemetry.shutdown();
  vi.unstubAllEnvs();

  expect(received.map(({ url, type, key }) => [url, type, key])).toEqual([
    ["/v1/traces", "application/x-protobuf", "v 1"],
  ]);
  expect(received[0]?.body.includes("by otlp")).toBe(true);
  expect((await spanCounts(telemetry.metrics)).exported).toBe(1);
  server.closeAllConnections();
  server.close();
});
