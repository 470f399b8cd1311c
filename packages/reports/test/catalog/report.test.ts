import Fastify from "fastify";
import { afterAll, beforeAll, expect, expectTypeOf, onTestFinished, test } from "vitest";
import { z } from "zod";
import type { WarehouseEngine } from "@tributary/warehouse";
import { count } from "../../src/answers/fields.ts";
import { answerReport, byTouch, parametersOf, report } from "../../src/catalog/report.ts";
import { documented, serveOpenApi } from "../../src/http/open-api.ts";
import { wholeBetween } from "../../src/question/parameters.ts";
import { DEFAULT_REPORT_SETTINGS } from "../../src/question/settings.ts";
import { temporaryWarehouse } from "../support/parts.ts";

let engine: WarehouseEngine;
let remove: () => Promise<void>;
beforeAll(async () => {
  ({ engine, remove } = await temporaryWarehouse());
});
afterAll(() => remove());

/** All that a report is: what a new one has to declare. */
const numbers = report({
  summary: "The first numbers",
  parameters: z.strictObject({ by: byTouch, most: wholeBetween(1, 100, 3).describe("how many") }),
  answer: z.object({ rows: z.array(z.object({ number: count }).catchall(z.string())) }),
  async run(context, { by, most }) {
    const { tenant } = context;
    const sql = "SELECT number + 1 AS number FROM numbers({most:UInt32})";
    const rows = await context.engine.query<{ number: string }>(sql, { most });
    return { rows: rows.map(({ number }) => ({ [by[0] ?? ""]: tenant, number: Number(number) })) };
  },
});

test("a report that is declared is read, answered and described by its schemas", async () => {
  const context = { engine, tenant: "shop", settings: DEFAULT_REPORT_SETTINGS, now: 0 };
  expectTypeOf<Parameters<typeof numbers.run>[1]["most"]>().toEqualTypeOf<number>();
  type Row = Awaited<ReturnType<typeof numbers.run>>["rows"][number];
  expectTypeOf<Row>().toEqualTypeOf<{ readonly number: number }>();
  const answer = await answerReport(numbers, context, { most: "2", by: "medium", format: "csv" });
  expect(numbers.answer.parse(answer)).toEqual({
    timeZone: "UTC",
    rows: [
      { medium: "shop", number: 1 },
      { medium: "shop", number: 2 },
    ],
  });
  await expect(answerReport(numbers, context, { most: "0" })).rejects.toMatchObject({
    code: "number_invalid",
    details: { field: "most", given: "0" },
  });
  await expect(answerReport(numbers, context, { limit: "1" })).rejects.toMatchObject({
    code: "parameter_unknown",
    details: {
      field: "limit",
      allowed: ["by", "most", "timeZone", "from", "to", "asOf", "format"],
    },
  });
});

test("its route's handler gets what the schema read, and the description has it", async () => {
  const server = Fastify();
  onTestFinished(() => server.close());
  serveOpenApi(server, (routes) => {
    const { summary, answer } = numbers;
    const route = documented({ summary, parameters: parametersOf(numbers), answer });
    routes.get("/numbers", route, (request) => request.query);
  });
  const read = await server.inject("/numbers?most=7&format=parquet");
  expect(read.json()).toEqual({ by: ["channel"], most: 7, format: "parquet" });
  const { paths } = (await server.inject("/openapi.json")).json<{
    paths: Record<string, { get: { parameters: { name: string; schema: object }[] } }>;
  }>();
  expect(paths["/numbers"]?.get.parameters).toContainEqual({
    name: "most",
    in: "query",
    required: false,
    description: "how many",
    schema: { type: "integer", minimum: 1, maximum: 100, default: 3 },
  });
});
