import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { hexOf, listOf, numberOf, structOf, textOf, ThriftReader } from "./thrift.ts";
import type { ThriftStruct, ThriftValue } from "./thrift.ts";

/** A span as Jaeger's collector receives it. IDs are hex. */
export interface CollectedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  readonly operationName: string;
  readonly service: string;
  /** Links; a parent is only in `parentSpanId`. */
  readonly references: readonly CollectedReference[];
  readonly tags: Readonly<Record<string, unknown>>;
  readonly startUs: number;
  readonly durationUs: number;
}

export interface CollectedReference {
  readonly type: "CHILD_OF" | "FOLLOWS_FROM";
  readonly traceId: string;
  readonly spanId: string;
}

export interface CollectorOptions {
  /** Status of the next answer; 202 without it, and only then are spans kept. */
  readonly status?: () => number;
  /** Port to listen on; any free one without it. */
  readonly port?: number;
}

export interface Collector {
  /** What OTEL_EXPORTER_JAEGER_ENDPOINT takes. */
  readonly url: string;
  readonly port: number;
  /** All spans so far, in order of arrival. */
  spans(): readonly CollectedSpan[];
  /** Authorization headers of the requests so far; undefined where there was none. */
  authorizations(): readonly (string | undefined)[];
  /** Waits until the spans satisfy `enough`, and gives them. Rejects after `timeoutMs`. */
  waitFor(
    enough: (spans: readonly CollectedSpan[]) => boolean,
    timeoutMs?: number,
  ): Promise<readonly CollectedSpan[]>;
  close(): Promise<void>;
}

/** A stand-in for Jaeger's collector on loopback: Thrift over HTTP, `POST /api/traces`. */
export async function startCollector(options: CollectorOptions = {}): Promise<Collector> {
  const collected: CollectedSpan[] = [];
  const authorizations: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      authorizations.push(request.headers.authorization);
      const atPath = request.method === "POST" && request.url === "/api/traces";
      const status = atPath ? (options.status?.() ?? 202) : 404;
      if (status === 202) collected.push(...decodeBatch(Buffer.concat(chunks)));
      response.writeHead(status).end();
    });
  });
  server.listen(options.port ?? 0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/api/traces`,
    port,
    spans: () => collected,
    authorizations: () => authorizations,
    async waitFor(enough, timeoutMs = 5000) {
      const deadline = performance.now() + timeoutMs;
      while (!enough(collected)) {
        if (performance.now() > deadline) {
          const names = collected.map((span) => span.operationName).join(", ");
          throw new Error(`after ${timeoutMs} ms the collector has only: ${names || "nothing"}`);
        }
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      return collected;
    },
    async close() {
      server.closeAllConnections();
      server.close();
      if (server.listening) await once(server, "close");
    },
  };
}

/** The spans of a `Batch`, the body of a request to the collector. */
function decodeBatch(bytes: Buffer): CollectedSpan[] {
  return toSpans(new ThriftReader(bytes).readStruct());
}

/** The spans of an `emitBatch` message, a datagram to the agent. */
export function decodeEmitBatch(datagram: Buffer): CollectedSpan[] {
  const reader = new ThriftReader(datagram);
  const name = reader.readMessageName();
  if (name !== "Agent::emitBatch" && name !== "emitBatch") throw new Error(`message ${name}`);
  return toSpans(structOf(reader.readStruct().get(1)));
}

// Field numbers: https://github.com/jaegertracing/jaeger-idl/blob/main/thrift/jaeger.thrift

function toSpans(batch: ThriftStruct): CollectedSpan[] {
  const service = textOf(structOf(batch.get(1)).get(1));
  return listOf(batch.get(2)).map((span) => toSpan(structOf(span), service));
}

function toSpan(span: ThriftStruct, service: string): CollectedSpan {
  const parent = span.get(4);
  return {
    traceId: hexOf(span.get(2)) + hexOf(span.get(1)),
    spanId: hexOf(span.get(3)),
    parentSpanId: parent === 0n ? undefined : hexOf(parent),
    operationName: textOf(span.get(5)),
    service,
    references: listOf(span.get(6)).map((reference) => toReference(structOf(reference))),
    tags: Object.fromEntries(listOf(span.get(10)).map((tag) => toTag(structOf(tag)))),
    startUs: numberOf(span.get(8)),
    durationUs: numberOf(span.get(9)),
  };
}

function toReference(reference: ThriftStruct): CollectedReference {
  return {
    type: reference.get(1) === 0 ? "CHILD_OF" : "FOLLOWS_FROM",
    traceId: hexOf(reference.get(3)) + hexOf(reference.get(2)),
    spanId: hexOf(reference.get(4)),
  };
}

function toTag(tag: ThriftStruct): [string, unknown] {
  const type = numberOf(tag.get(2));
  const value: ThriftValue | undefined = tag.get(3 + type);
  return [textOf(tag.get(1)), type === 0 ? textOf(value) : value];
}
