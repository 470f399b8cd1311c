import type { FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import { reportSchema } from "../answers/attribution.ts";
import { auditSchema, conservationSchema } from "../answers/checks.ts";
import { conversionSchema } from "../answers/conversion.ts";
import { audit } from "../catalog/audit.ts";
import { conserve } from "../catalog/conservation.ts";
import { requireConversion } from "../catalog/conversion.ts";
import { reportCsv, rowsCsv } from "../formats/csv.ts";
import { ReportsError } from "../errors.ts";
import { attributionParquet, PARQUET_TYPE, rowsParquet } from "../formats/parquet.ts";
import { CATALOG } from "../catalog/catalog.ts";
import { parametersOf, type CatalogReport } from "../catalog/report.ts";
import { NO_PARAMETERS, refusal, wholeBetween } from "../question/parameters.ts";
import { attributionParameters, questionOf, type AskedAttribution } from "../question/question.ts";
import { conversionParameters, timesOf } from "../question/report-parameters.ts";
import { givenOf, tenantOf } from "./access.ts";
import { bodyErrors } from "./body-errors.ts";
import { documented, documentedAt, type ReportsServer } from "./open-api.ts";
import type { ServerParts } from "./parts.ts";
import { goneOf } from "./places.ts";
import { untilGone } from "./until-gone.ts";

/** Names the zone of a report whose format has no place for it. */
const TIME_ZONE_HEADER = "X-Tributary-Time-Zone";

const CUSTOM_BODY = z
  .unknown()
  .meta({ anyOf: [{ type: "object" }, { type: "array", items: { type: "object" } }] });

/** What marketers ask. */
export function addReportRoutes(server: ReportsServer, parts: ServerParts): void {
  addAttributionRoutes(server, parts);
  for (const [name, report] of Object.entries(CATALOG)) {
    addCatalogReport(server, parts, name, report);
  }
  addAuditRoute(server, parts);
  addConservationRoute(server, parts);
  server.get(
    "/v1/conversions/:key",
    documentedAt(z.object({ key: z.string().describe("event ID, or order ID") }), {
      summary:
        "One conversion explained: its touchpoints, credits and revisions, and why other touchpoints were left out",
      parameters: conversionParameters,
      answer: conversionSchema,
    }),
    async (request) => {
      const tenant = tenantOf(request);
      const { engine, attribution } = parts;
      const settings = attribution.settings.of(tenant);
      const { timeZone: zone = settings.timeZone } = request.query;
      const times = timesOf(request.query, Date.now(), zone);
      return requireConversion(engine, tenant, request.params.key, settings, times.asOf);
    },
  );
}

function addCatalogReport(
  server: ReportsServer,
  parts: ServerParts,
  name: string,
  report: CatalogReport,
): void {
  const { summary, answer: schema } = report;
  const { engine, attribution } = parts;
  server.get(
    `/v1/reports/${name}`,
    documented({
      summary,
      parameters: parametersOf(report),
      answer: schema,
      formats: ["text/csv", PARQUET_TYPE],
    }),
    async (request, reply) => {
      const tenant = tenantOf(request);
      const context = {
        engine: untilGone(engine, goneOf(request)),
        tenant,
        settings: attribution.settings.of(tenant),
        now: Date.now(),
      };
      const answer = await report.run(context, request.query);
      const { format } = request.query;
      if (format === "json") return answer;
      reply.header(TIME_ZONE_HEADER, answer.timeZone);
      if (format === "parquet") {
        const file = await rowsParquet(engine, answer.rows, schema);
        return reply.type(PARQUET_TYPE).send(file);
      }
      return reply.type("text/csv; charset=utf-8").send(rowsCsv(answer.rows));
    },
  );
}

function addAuditRoute(server: ReportsServer, { engine, attribution }: ServerParts): void {
  server.get(
    "/v1/audit",
    documented({
      summary: "Every conversion's result, compared with one recomputed from the facts",
      parameters: z.strictObject({
        differences: wholeBetween(0, 10_000, 100).describe("most differences that are described"),
      }),
      answer: auditSchema,
    }),
    async (request) => {
      const tenant = tenantOf(request);
      const settings = attribution.settings.of(tenant);
      return audit(engine, { tenant, settings, maxDifferences: request.query.differences });
    },
  );
}

function addConservationRoute(server: ReportsServer, parts: ServerParts): void {
  server.get(
    "/v1/reports/conservation",
    documented({
      summary: "Outcome of every event and all money that was ever accepted",
      parameters: NO_PARAMETERS,
      answer: conservationSchema,
    }),
    async (request) => {
      const tenant = tenantOf(request);
      const settings = parts.attribution.settings.of(tenant);
      return conserve(parts.engine, tenant, settings, async () => {
        if (!parts.redisReady()) throw new ReportsError("unavailable", "Redis does not answer");
        return parts.readAccounting(tenant);
      });
    },
  );
}

/** The question in the query; custom models there or, where they are long, as the body of a POST. */
function addAttributionRoutes(server: ReportsServer, { engine, attribution }: ServerParts): void {
  const answer = async (
    request: FastifyRequest & { readonly query: AskedAttribution },
    reply: FastifyReply,
  ): Promise<unknown> => {
    const tenant = tenantOf(request);
    const { query: asked } = request;
    const settings = attribution.settings.of(tenant);
    const question = questionOf(asked, givenOf(request), Date.now(), settings);
    const report = await attribution.answer({ tenant, ...question });
    if (asked.format === "json") return report;
    reply.header(TIME_ZONE_HEADER, report.timeZone);
    if (asked.format === "parquet") {
      return reply.type(PARQUET_TYPE).send(await attributionParquet(engine, report));
    }
    return reply.type("text/csv; charset=utf-8").send(reportCsv(report, question));
  };
  const description = {
    parameters: attributionParameters,
    answer: reportSchema,
    formats: ["text/csv", PARQUET_TYPE],
  };
  server.get(
    "/v1/reports/attribution",
    documented({
      summary: "What each channel or campaign earned, under one model or several",
      ...description,
    }),
    async (request, reply) => answer(request, reply),
  );
  server.post(
    "/v1/reports/attribution",
    {
      ...documented({
        summary: "The same, with the custom models as the body: JSON of one or of an array",
        body: CUSTOM_BODY,
        ...description,
      }),
      preValidation: customFromBody,
      errorHandler: bodyErrors((message) => refusal("custom_model_invalid", "custom", message)),
    },
    async (request, reply) => answer(request, reply),
  );
}

/** Makes a request's body the parameter `custom`, which is then read as from a query. */
function customFromBody(request: FastifyRequest, _reply: FastifyReply, done: () => void): void {
  const given = givenOf(request);
  if (given["custom"] !== undefined) {
    throw refusal("parameter_repeated", "custom", "expected in the body or in the query");
  }
  request.query = { ...given, custom: JSON.stringify(request.body) };
  done();
}
