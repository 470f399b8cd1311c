import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { startPlatform } from "@tributary/platform";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { freePort } from "../support/redis-server.ts";
import { temporaryDataDir } from "../support/tributary.ts";

const TIMEOUT_MS = 120_000;
const EVENTS = 10_000;
const BATCH = 500;
const CONFIG = fileURLToPath(new URL("../../deploy/jaeger/jaeger.yaml", import.meta.url));
const CACHE = join(
  process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"),
  "tributary-deploy/bin",
);

/** Where `deploy/verify/programs.mjs` puts it, or the PATH, or what JAEGER_BIN names. */
const JAEGER =
  process.env["JAEGER_BIN"] ??
  [CACHE, ...(process.env["PATH"] ?? "").split(delimiter)]
    .map((folder) => join(folder, "jaeger"))
    .find((path) => existsSync(path));

interface Tag {
  readonly key: string;
  readonly value: unknown;
}
interface Span {
  readonly spanID: string;
  readonly operationName: string;
  readonly references: readonly { readonly refType: string; readonly spanID: string }[];
  readonly startTime: number;
  readonly duration: number;
  readonly processID: string;
  readonly tags: readonly Tag[];
}
interface Trace {
  readonly traceID: string;
  readonly spans: readonly Span[];
  readonly processes: Readonly<Record<string, { readonly serviceName: string }>>;
}

const tagsOf = (span: Span): Record<string, unknown> =>
  Object.fromEntries(span.tags.map(({ key, value }) => [key, value]));

describe.skipIf(JAEGER === undefined)(
  "a real Jaeger (skipped where there is none: JAEGER_BIN names one)",
  () => {
    const data = temporaryDataDir();
    const ports = { query: 0, grpc: 0, otlp: 0, thrift: 0, health: 0, metrics: 0 };
    let jaeger: ChildProcess | undefined;
    const ask = async <T>(path: string): Promise<T> => {
      const answer = await fetch(`http://127.0.0.1:${ports.query}/api/${path}`);
      return (await answer.json()) as T;
    };

    beforeAll(async () => {
      for (const name of Object.keys(ports) as (keyof typeof ports)[]) {
        ports[name] = await freePort();
      }
      // The configuration that is deployed, on ports of its own.
      const config = readFileSync(CONFIG, "utf8")
        .replaceAll("0.0.0.0:16686", `127.0.0.1:${ports.query}`)
        .replaceAll("0.0.0.0:16685", `127.0.0.1:${ports.grpc}`)
        .replaceAll("0.0.0.0:4318", `127.0.0.1:${ports.otlp}`)
        .replaceAll("0.0.0.0:14268", `127.0.0.1:${ports.thrift}`)
        .replaceAll("0.0.0.0:13133", `127.0.0.1:${ports.health}`)
        .replaceAll("host: 0.0.0.0", "host: 127.0.0.1")
        .replaceAll("port: 8888", `port: ${ports.metrics}`);
      expect(config).not.toContain("0.0.0.0");
      const file = join(data.dir, "jaeger.yaml");
      writeFileSync(file, config);
      jaeger = spawn(JAEGER ?? "", ["--config", `file:${file}`], {
        stdio: "ignore",
        // It would send traces of its own, and wait for somebody to take them when it stops.
        env: { ...process.env, OTEL_TRACES_SAMPLER: "always_off" },
      });
      for (let waits = 0; ; waits += 1) {
        try {
          await ask("services");
          return;
        } catch (error) {
          if (waits === 200) throw error;
          await sleep(100);
        }
      }
    }, TIMEOUT_MS);
    afterAll(async () => {
      if (jaeger !== undefined && jaeger.exitCode === null) {
        jaeger.kill("SIGTERM");
        await once(jaeger, "exit");
      }
      data.remove();
    });

    /** Traces that have a span with this tag. */
    const search = async (service: string, tags: Record<string, string>): Promise<Trace[]> => {
      const query = new URLSearchParams({ service, tags: JSON.stringify(tags), limit: "20" });
      return (await ask<{ data: Trace[] | null }>(`traces?${query.toString()}`)).data ?? [];
    };

    it.each([
      {
        exporter: "jaeger",
        more: () => ({
          OTEL_EXPORTER_JAEGER_ENDPOINT: `http://127.0.0.1:${ports.thrift}/api/traces`,
        }),
      },
      {
        exporter: "otlp",
        more: () => ({ OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${ports.otlp}` }),
      },
    ])(
      "gives a conversion's trace by its order ID: why its credits, and where the time went ($exporter)",
      { timeout: TIMEOUT_MS },
      async ({ exporter, more }) => {
        const own = temporaryDataDir();
        const platform = await startPlatform({
          dataDir: own.dir,
          port: 0,
          partitions: 2,
          environment: { ...process.env, OTEL_TRACES_EXPORTER: exporter, ...more() },
        });
        onTestFinished(async () => {
          await platform.stop();
          own.remove();
        });
        const order = `order-${exporter}`;
        const time = Date.now();
        const send = async (events: unknown[], headers: Record<string, string>): Promise<void> => {
          const answer = await fetch(`${platform.gatewayUrl}/v1/events`, {
            method: "POST",
            headers: { "content-type": "application/json", ...headers },
            body: JSON.stringify(events),
          });
          expect(answer.status).toBe(202);
        };
        for (let from = 0; from < EVENTS; from += BATCH) {
          const events = Array.from({ length: BATCH }, (_, i) => {
            const n = from + i;
            return {
              id: `t${n}`,
              type: "click",
              time: time - 1000,
              userId: `u${n}`,
              channel: "email",
            };
          });
          await send(events, {});
        }
        // Five new traces a second are kept by default: what came before has used them up.
        await sleep(1200);
        const sale = { value: "90", currency: "EUR", orderId: order };
        await send(
          [
            { id: "last", type: "click", time, userId: "u7", channel: "paid_search" },
            { id: "sale", type: "conversion", time: time + 1, userId: "u7", ...sale },
          ],
          {
            traceparent: `00-${"4bf92f3577b34da6a3ce929d0e0e473".padEnd(31, "0")}${exporter === "otlp" ? "1" : "2"}-00f067aa0ba902b7-01`,
          },
        );
        await fetch(`${platform.reportsUrl}/v1/settled?timeoutMs=30000`);

        const wanted = [
          "POST /v1/events",
          "send events",
          "process ",
          "compute",
          "attribute conversion",
          "commit",
          "load warehouse",
        ];
        let trace: Trace | undefined;
        let missing = wanted;
        for (let waits = 0; missing.length > 0 && waits < 300; waits += 1) {
          await sleep(100);
          [trace] = await search("tributary-worker", { "tributary.order.id": order });
          const names = trace?.spans.map(({ operationName }) => operationName) ?? [];
          missing = wanted.filter((name) => !names.some((known) => known.startsWith(name)));
        }
        expect(missing).toEqual([]);
        if (trace === undefined) throw new Error("no trace");
        const tree = printTree(trace);
        console.log(tree);
        const spans = wanted.map((name) => {
          const found = trace.spans.filter(({ operationName }) => operationName.startsWith(name));
          return found[0] as Span;
        }) as [Span, Span, Span, Span, Span, Span, Span];
        const [request, sent, processed, compute, attributed, commit, load] = spans;
        const parentOf = (span: Span): string | undefined =>
          span.references.find(({ refType }) => refType === "CHILD_OF")?.spanID;
        expect([sent, processed, compute, attributed, commit].map(parentOf)).toEqual([
          request.spanID,
          sent.spanID,
          processed.spanID,
          compute.spanID,
          processed.spanID,
        ]);
        expect(tagsOf(processed)).toMatchObject({
          "messaging.system": "redis",
          "messaging.operation.type": "process",
          "messaging.consumer.group.name": "attribution",
          "messaging.destination.partition.id": expect.stringMatching(/^[01]$/),
          "tributary.epoch": expect.anything(),
          "tributary.entry.first": expect.stringMatching(/^\d+-\d+$/),
        });
        expect(tagsOf(attributed)).toMatchObject({
          "tributary.conversion.id": "sale",
          "tributary.path": "email > paid_search",
          "tributary.credits.linear": "0.5000 0.5000",
          "tributary.credits.last_touch": "0.0000 1.0000",
          "tributary.reason": "first",
        });
        expect(load.startTime + load.duration).toBeGreaterThanOrEqual(commit.startTime);
        expect(tree).toContain("tributary-gateway POST /v1/events");
        // And from the conversion back to the trace.
        const answer = await fetch(`${platform.reportsUrl}/v1/conversions/${order}`);
        const { revisions } = (await answer.json()) as { revisions: { traceId: string }[] };
        expect(revisions.map(({ traceId }) => traceId)).toEqual([trace.traceID.padStart(32, "0")]);
        // No user's key is in any span.
        expect(JSON.stringify(trace)).not.toContain('"u7"');
      },
    );
  },
);

/** The spans below each other, each with its service and its time, ms. */
function printTree({ spans, processes }: Trace): string {
  const parentOf = (span: Span): string | undefined =>
    span.references.find(({ spanID }) => spans.some((other) => other.spanID === spanID))?.spanID;
  const below = (parent: string | undefined, depth: number): string[] =>
    spans
      .filter((span) => parentOf(span) === parent)
      .toSorted((a, b) => a.startTime - b.startTime)
      .flatMap((span) => {
        const service = processes[span.processID]?.serviceName ?? "";
        const ms = (span.duration / 1000).toFixed(1);
        const line = `${"  ".repeat(depth)}${service} ${span.operationName} ${ms} ms`;
        return [line, ...below(span.spanID, depth + 1)];
      });
  return below(undefined, 0).join("\n");
}
