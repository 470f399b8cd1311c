import type { ApiKeys } from "@tributary/service";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import {
  auditSchema,
  conservationSchema,
  conversionSchema,
  reportSchema,
} from "../answer-schemas.ts";
import { audit } from "../catalog/audit.ts";
import { conserve } from "../catalog/conservation.ts";
import { requireConversion } from "../catalog/conversion.ts";
import { reportCsv, rowsCsv } from "../formats/csv.ts";
import { ReportsError } from "../errors.ts";
import { attributionParquet, PARQUET_TYPE, rowsParquet } from "../formats/parquet.ts";
import { JOURNEY_REPORTS, type JourneyReport } from "../catalog/catalog.ts";
import { documented } from "./open-api.ts";
import { readParameters, refusal, type QuestionParameters } from "../question/parameters.ts";
import { ATTRIBUTION_PARAMETERS, parseQuestion } from "../question/question.ts";
import { asOf, differences } from "../question/report-parameters.ts";
import type { ServerParts } from "./parts.ts";

const CONVERSION_PARAMETERS = { asOf };
const AUDIT_PARAMETERS = { differences };

/** What marketers ask. */
export function addReportRoutes(
  server: FastifyInstance,
  parts: ServerParts,
  access: ApiKeys,
): void {
  addAttributionRoutes(server, parts, access);
  for (const [name, report] of Object.entries(JOURNEY_REPORTS)) {
    addJourneyReport(server, parts, access, name, report);
  }
  addAuditRoute(server, parts, access);
  addConservationRoute(server, parts, access);
  server.get<{ Params: { key: string }; Querystring: QuestionParameters }>(
    "/v1/conversions/:key",
    documented({
      summary:
        "One conversion explained: its touchpoints, credits and revisions, and what was left out and why",
      parameters: CONVERSION_PARAMETERS,
      path: { key: "event ID, or order ID" },
      answer: conversionSchema,
    }),
    async (request) => {
      const tenant = access.tenantOf(request.headers);
      const asked = readParameters(CONVERSION_PARAMETERS, request.query, Date.now());
      const { engine, attribution } = parts;
      return requireConversion(
        engine,
        tenant,
        request.params.key,
        attribution.settings.of(tenant),
        asked.asOf,
      );
    },
  );
}

function addJourneyReport(
  server: FastifyInstance,
  parts: ServerParts,
  access: ApiKeys,
  name: string,
  { summary, parameters, answer: schema, run }: JourneyReport,
): void {
  server.get<{ Querystring: QuestionParameters }>(
    `/v1/reports/${name}`,
    documented({ summary, parameters, answer: schema, formats: ["text/csv", PARQUET_TYPE] }),
    async (request, reply) => {
      const tenant = access.tenantOf(request.headers);
      const { answer, format } = await run(
        parts.engine,
        tenant,
        request.query,
        Date.now(),
        parts.attribution.settings.of(tenant),
      );
      if (format === "json") return answer;
      if (format === "parquet") {
        const file = await rowsParquet(parts.engine, answer.rows, schema);
        return reply.type(PARQUET_TYPE).send(file);
      }
      return reply.type("text/csv; charset=utf-8").send(rowsCsv(answer.rows));
    },
  );
}

function addAuditRoute(server: FastifyInstance, parts: ServerParts, access: ApiKeys): void {
  server.get<{ Querystring: QuestionParameters }>(
    "/v1/audit",
    documented({
      summary: "Every conversion's result, held against one recomputed from the facts",
      parameters: AUDIT_PARAMETERS,
      answer: auditSchema,
    }),
    async (request) => {
      const tenant = access.tenantOf(request.headers);
      const asked = readParameters(AUDIT_PARAMETERS, request.query, Date.now());
      const settings = parts.attribution.settings.of(tenant);
      return audit(parts.engine, { tenant, settings, maxDifferences: asked.differences });
    },
  );
}

function addConservationRoute(server: FastifyInstance, parts: ServerParts, access: ApiKeys): void {
  server.get<{ Querystring: QuestionParameters }>(
    "/v1/reports/conservation",
    documented({
      summary: "What became of every event and all money that was ever accepted",
      answer: conservationSchema,
    }),
    async (request) => {
      const tenant = access.tenantOf(request.headers);
      readParameters({}, request.query, Date.now());
      const settings = parts.attribution.settings.of(tenant);
      return conserve(parts.engine, tenant, settings, async () => {
        if (!parts.redisReady()) throw new ReportsError("unavailable", "Redis does not answer");
        return parts.readAccounting(tenant);
      });
    },
  );
}

/** The question in the query; models of one's own there or, where they are long, as the body of a POST. */
function addAttributionRoutes(server: FastifyInstance, parts: ServerParts, access: ApiKeys): void {
  const { attribution } = parts;
  const answer = async (
    request: FastifyRequest<{ Querystring: QuestionParameters }>,
    reply: FastifyReply,
    given: QuestionParameters,
  ): Promise<unknown> => {
    const tenant = access.tenantOf(request.headers);
    const { question, format } = parseQuestion(given, Date.now(), attribution.settings.of(tenant));
    const report = await attribution.answer({ tenant, ...question });
    if (format === "json") return report;
    if (format === "parquet") {
      return reply.type(PARQUET_TYPE).send(await attributionParquet(parts.engine, report));
    }
    return reply.type("text/csv; charset=utf-8").send(reportCsv(report, question));
  };
  const description = {
    parameters: ATTRIBUTION_PARAMETERS,
    answer: reportSchema,
    formats: ["text/csv", PARQUET_TYPE],
  };
  server.get<{ Querystring: QuestionParameters }>(
    "/v1/reports/attribution",
    documented({
      summary: "What each channel or campaign earned, under one model or several",
      ...description,
    }),
    async (request, reply) => answer(request, reply, request.query),
  );
  server.post<{ Querystring: QuestionParameters; Body: unknown }>(
    "/v1/reports/attribution",
    documented({
      summary: "The same, with the custom models as the body: JSON of one or of an array",
      body: { anyOf: [{ type: "object" }, { type: "array", items: { type: "object" } }] },
      ...description,
    }),
    async (request, reply) => {
      const { query, body } = request;
      if (query["custom"] !== undefined) {
        throw refusal("parameter_repeated", "custom", "expected in the body or in the query");
      }
      return answer(request, reply, { ...query, custom: JSON.stringify(body) });
    },
  );
}
