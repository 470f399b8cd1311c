/** Every parameter of every path, as its own description has it: what it does not take is refused by its name, saying what it takes. */
import type { FastifyInstance } from "fastify";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildServer } from "../../src/http/server.ts";
import {
  attributionAnswers,
  quietTelemetry,
  serverParts,
  temporaryWarehouse,
} from "../support/parts.ts";

interface Described {
  readonly paths: Readonly<
    Record<string, { readonly get?: { readonly parameters?: readonly Parameter[] } }>
  >;
}
interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly schema: {
    readonly type?: string;
    readonly enum?: readonly string[];
    readonly minimum?: number;
  };
}

/** Parameters that are names of the asker's own: any text is one. */
const ANY_TEXT = new Set(["lead"]);
/** What the path needs beside the parameter in question. */
const NEEDED: Readonly<Record<string, string>> = { "/v1/reports/changes": "since=2020-01-01" };

let server: FastifyInstance;
let remove: () => Promise<void>;
let paths: Described["paths"];

beforeAll(async () => {
  const warehouse = await temporaryWarehouse();
  remove = warehouse.remove;
  const { telemetry } = quietTelemetry();
  const { engine } = warehouse;
  const attribution = attributionAnswers(engine, telemetry, () => Date.now());
  server = buildServer(serverParts(engine, telemetry, { attribution }));
  ({ paths } = (await server.inject("/openapi.json")).json<Described>());
});
afterAll(async () => {
  await server.close();
  await remove();
});

interface Refusal {
  readonly error: {
    code: string;
    reason: string;
    field?: string;
    given?: string;
    allowed?: string[];
  };
}
const ask = async (path: string, query: string) => {
  const address = path.replace(/\{\w+\}/, "c1");
  const needed = NEEDED[path];
  const answer = await server.inject(
    `${address}?${query}${needed === undefined ? "" : `&${needed}`}`,
  );
  return { status: answer.statusCode, ...answer.json<Refusal>() };
};

it("no parameter of any path takes what it does not understand", async () => {
  const asked = Object.entries(paths).flatMap(([path, { get }]) =>
    (get?.parameters ?? []).filter((of) => of.in === "query").map((of) => ({ path, of })),
  );
  expect(asked.length).toBeGreaterThan(60);
  for (const { path, of } of asked) {
    if (ANY_TEXT.has(of.name)) continue;
    const given = "§no-such";
    const { status, error } = await ask(path, `${of.name}=${encodeURIComponent(given)}`);
    const refused = { path, name: of.name, status, field: error?.field?.split(".")[0] };
    expect(refused).toEqual({ path, name: of.name, status: 400, field: of.name });
    // What was given, and what would be taken.
    expect({ ...refused, reason: error.reason }).toMatchObject({
      reason: expect.stringMatching(
        /expected|allowed: |no such time zone|looks like|not JSON/,
      ) as string,
    });
    if (of.schema.enum !== undefined) expect(error.allowed).toEqual(of.schema.enum);
  }
});

it("no path takes a parameter that it does not have", async () => {
  for (const [path, { get }] of Object.entries(paths)) {
    if (get === undefined || path === "/v1/lag") continue;
    const { status, error } = await ask(path, "no_such=1");
    expect({ path, status, field: error?.field }).toEqual({ path, status: 400, field: "no_such" });
  }
});

describe("a question that contradicts itself, or asks for too much", () => {
  it.each([
    ["/v1/reports/attribution", "from=2026-02-01&to=2026-01-01", "from", "before"],
    ["/v1/reports/counts", "from=2026-02-01&to=2026-01-01", "from", "before"],
    ["/v1/reports/cost", "from=2026-02-01&to=2026-02-01", "from", "before"],
    ["/v1/export/events", "from=2026-02-01&to=2026-01-01", "from", "before"],
    ["/v1/reports/attribution", "window=-1d&model=linear", "window", "expected"],
    ["/v1/reports/attribution", "window=0&model=linear", "window", "expected"],
    ["/v1/reports/attribution", "window=5000d&model=linear", "window", "expected"],
    ["/v1/reports/attribution", "by=channel,channel", "by", "once"],
    ["/v1/reports/attribution", "by=channel,source,medium", "by", "at most 2"],
    ["/v1/reports/attribution", "model=linear,linear", "model", "once"],
    ["/v1/reports/attribution", "asOf=2999-01-01", "asOf", "passed"],
    ["/v1/reports/attribution", "from=1700000000", "from", "seconds"],
    ["/v1/reports/attribution", "from=2026-02-31", "from", "expected"],
    ["/v1/reports/counts", "interval=minute&from=2016-01-01&to=2026-01-01", "interval", ""],
    ["/v1/reports/attribution", "format=json&format=csv", "format", "once"],
  ])("%s?%s", async (path, query, field, words) => {
    const { status, error } = await ask(path, query);
    expect({ status, field: error?.field }).toEqual({ status: 400, field });
    expect(error.reason).toContain(words);
  });
});
