import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { FastifyInstance } from "fastify";
import { MODEL_NAMES, PATH_MODEL_NAMES } from "@tributary/attribution";
import { attributionParameters } from "../../src/question/question.ts";
import { buildServer } from "../../src/http/server.ts";
import { quietTelemetry, serverParts, temporaryWarehouse } from "../support/parts.ts";

interface Described {
  readonly openapi: string;
  readonly paths: Record<string, { get: Operation }>;
}
interface Operation {
  readonly summary: string;
  readonly parameters: readonly {
    readonly name: string;
    readonly in: string;
    readonly description: string;
    readonly schema: { readonly items?: { readonly enum: readonly string[] } };
  }[];
  readonly responses: Record<string, { readonly content: Record<string, unknown> }>;
}

let server: FastifyInstance;
let remove: () => Promise<void>;
let description: Described;

beforeAll(async () => {
  const warehouse = await temporaryWarehouse();
  remove = warehouse.remove;
  const { telemetry } = quietTelemetry();
  const readKeys = new Map([["secret-key", "default"]]);
  server = buildServer(serverParts(warehouse.engine, telemetry, { readKeys }));
  description = (await server.inject("/openapi.json")).json();
});
afterAll(async () => {
  await server.close();
  await remove();
});

describe("the API's description", () => {
  test("is OpenAPI 3.1, and readable without a key", () => {
    expect(description.openapi).toBe("3.1.0");
  });

  test("has every path under /v1, and no probe", () => {
    const routes = server
      .printRoutes({ commonPrefix: false })
      .split("\n")
      .filter((line) => /\((?:GET|POST)/.test(line));
    const isOther = /\/(?:docs|js\/scalar\.js|healthz|readyz|metrics|openapi\.json) /;
    const served = routes.filter((line) => !isOther.test(line)).length;
    expect(Object.keys(description.paths)).toHaveLength(served);
    expect(Object.keys(description.paths).filter((path) => !path.startsWith("/v1/"))).toEqual([]);
  });

  test("an import that is too large, or of no known type, is refused in its own words", async () => {
    for (const [type, payload, status, code] of [
      ["text/csv", "x".repeat(17 << 20), 400, "import_invalid"],
      ["application/json", "{", 400, "import_invalid"],
      ["application/xml", "<rows/>", 415, "unsupported_media_type"],
    ] as const) {
      const headers = { "content-type": type };
      const answer = await server.inject({ method: "POST", url: "/v1/spend", headers, payload });
      expect([type, answer.statusCode]).toEqual([type, status]);
      expect(answer.json()).toMatchObject({ error: { code } });
    }
  });

  test("names each parameter that a report takes, with what it may hold", () => {
    const { parameters } = operation("/v1/reports/attribution");
    expect(parameters.map(({ name }) => name)).toEqual(Object.keys(attributionParameters.shape));
    expect(parameters.filter((parameter) => !parameter.description)).toEqual([]);
    const models = parameters.find(({ name }) => name === "model")?.schema.items?.enum;
    expect(models).toEqual([...MODEL_NAMES, "w_shaped", ...PATH_MODEL_NAMES, "all"]);
  });

  test("says in which formats a report comes, and how an error looks", () => {
    const { responses } = operation("/v1/reports/attribution");
    expect(Object.keys(responses["200"]?.content ?? {})).toEqual([
      "application/json",
      "text/csv",
      "application/vnd.apache.parquet",
    ]);
    expect(Object.keys(responses["4XX"]?.content ?? {})).toEqual(["application/json"]);
  });

  test("has what stands in a path", () => {
    const inPath = operation("/v1/conversions/{key}").parameters.filter((p) => p.in === "path");
    expect(inPath.map(({ name }) => name)).toEqual(["key"]);
  });
});

test("what documents validates as well: a question is refused by the parameter's own error", async () => {
  const headers = { authorization: "Bearer secret-key" };
  const bad = await server.inject({ url: "/v1/reports/attribution?by=colour", headers });
  expect(bad.statusCode).toBe(400);
  expect(bad.json()).toMatchObject({ error: { code: "dimension_unknown", field: "by" } });
});

test("a body of custom models that is no JSON, or too large, is refused as one that cannot be read", async () => {
  const unread = { code: "custom_model_invalid", field: "custom" };
  for (const [type, payload, status, error] of [
    ["application/json", "{", 400, unread],
    ["application/json", `"${"x".repeat(2 << 20)}"`, 400, unread],
    ["application/xml", "<models/>", 415, { code: "unsupported_media_type" }],
  ] as const) {
    const headers = { "content-type": type, authorization: "Bearer secret-key" };
    const url = "/v1/reports/attribution";
    const answer = await server.inject({ method: "POST", url, headers, payload });
    expect([answer.statusCode, answer.json()]).toMatchObject([status, { error }]);
  }
});

test("a path that cannot be decoded is nowhere", async () => {
  const headers = { authorization: "Bearer secret-key" };
  const answer = await server.inject({ url: "/v1/conversions/%zz", headers });
  expect([answer.statusCode, answer.json()]).toMatchObject([404, { error: { code: "not_found" } }]);
});

test("without a key a question is not even read", async () => {
  const answer = await server.inject("/v1/reports/attribution?by=colour");
  expect([answer.statusCode, answer.json()]).toMatchObject([
    401,
    { error: { code: "unauthorized" } },
  ]);
});

test("/docs is a page that reads the description", async () => {
  const moved = await server.inject("/docs");
  const page = moved.statusCode === 200 ? moved : await server.inject("/docs/");
  expect(page.statusCode).toBe(200);
  expect(page.headers["content-type"]).toContain("text/html");
  expect(page.body).toContain("/openapi.json");
});

function operation(path: string): Operation {
  const described = description.paths[path];
  if (described === undefined) throw new Error(`${path} is not described`);
  return described.get;
}
