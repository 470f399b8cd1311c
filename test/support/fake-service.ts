/**
 * Stands in for any of the services: ready after a moment, counts the events it takes (each ID once), and writes
 * to FAKE_TRACE when it starts and stops. Its behaviour is steered by FAKE_* variables.
 */
import { appendFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { unpack } from "msgpackr";

const port = Number(process.env["TRIBUTARY_PORT"]);
const name = process.env["TRIBUTARY_WORKER_ID"] ?? `port-${port}`;
const trace = process.env["FAKE_TRACE"];
const unavailable = { left: Number(process.env["FAKE_UNAVAILABLE"] ?? "0") };
const ids = new Set<string>();
const readyAt = Date.now() + Number(process.env["FAKE_READY_MS"] ?? "0");

function say(what: string): void {
  if (trace !== undefined) appendFileSync(trace, `${what} ${name}\n`);
}

if (process.env["FAKE_FAIL"] === name) {
  console.log(JSON.stringify({ level: 50, msg: "the disk is on fire" }));
  process.exit(3);
}

function answer(response: ServerResponse, status: number, body: unknown, headers = {}): void {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(JSON.stringify(body));
}

async function takeEvents(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  if (unavailable.left > 0) {
    unavailable.left -= 1;
    answer(
      response,
      503,
      { error: { code: "redis_away", reason: "Redis is unavailable" }, accepted: 0, refused: [] },
      { "retry-after": "0" },
    );
    return;
  }
  const events = unpack(Buffer.concat(parts)) as { id: string; type: string }[];
  const refused: object[] = [];
  for (const [index, { id, type }] of events.entries()) {
    if (type === "bogus") refused.push({ index, field: "type", reason: "expected a type" });
    else ids.add(id);
  }
  const accepted = events.length - refused.length;
  answer(response, accepted > 0 ? 202 : 400, { accepted, refused });
}

const lag = {
  undelivered: 0,
  pending: 0,
  oldestAgeSeconds: 0,
  entriesPerSecond: 0,
  secondsToDrain: 0,
  lost: 0,
  stranded: false,
};

const server = createServer((request, response) => {
  const path = (request.url ?? "").split("?")[0];
  if (path === "/v1/events") {
    takeEvents(request, response).catch((error: unknown) => {
      answer(response, 500, { error: { code: "internal", reason: String(error) } });
    });
  } else if (path === "/v1/settled") {
    answer(response, 200, { settled: process.env["FAKE_UNSETTLED"] === undefined });
  } else if (path === "/v1/lag") {
    answer(response, 200, {
      partitions: [],
      total: {
        attribution: { ...lag, undelivered: 1200, eventsPerSecond: 50 },
        warehouse: lag,
      },
      books: { accepted: 9 },
      booksResidue: 0,
      outbox: { entries: 0, oldestAgeSeconds: 0 },
      webhooks: null,
      deadLetters: { count: 0, oldestAgeSeconds: 0 },
    });
  } else if (path === "/v1/reports/conservation") {
    answer(response, 200, {
      complete: true,
      events: {
        accepted: 2,
        duplicates: 0,
        deadLettered: 0,
        dropped: {},
        touchpointsCredited: 1,
        touchpointsWithoutConversion: 0,
        touchpointsOutsideWindows: 0,
        visitsThatWentOn: 0,
        conversionsAttributed: 1,
        conversionsUnattributed: 0,
        refunds: 0,
        identifies: 0,
        custom: 0,
        erased: 0,
        residue: 0,
      },
      money: [],
    });
  } else if (path === "/v1/reports/attribution") {
    answer(response, 200, {
      timeZone: "UTC",
      completeUpTo: 0,
      source: "streamed",
      rules: {
        clickWindowMs: 1,
        viewWindowMs: 1,
        halfLifeMs: 1,
        viewThrough: true,
        clickBeatsImpression: false,
        afterConversion: "keep",
        transform: "unique",
      },
      rows: [
        { model: "last_touch", channel: "email", conversions: 2, value: "10.005", currency: "EUR" },
      ],
      totals: {
        conversions: 2,
        attributed: 2,
        unattributed: 0,
        value: [{ currency: "EUR", value: "10.005" }],
      },
    });
  } else if (path === "/ids") {
    answer(response, 200, [...ids].sort());
  } else {
    const instance = process.env["FAKE_INSTANCE_ID"] ?? process.env["TRIBUTARY_INSTANCE_ID"];
    answer(response, path === "/readyz" && Date.now() < readyAt ? 503 : 200, { instance });
  }
});
server.listen(port, "127.0.0.1", () => say("start"));

process.once("SIGTERM", () => {
  say("stop");
  server.close(() => process.exit(0));
  server.closeAllConnections();
});
