import type { ApiKeys } from "@tributary/service";
import type { FastifyInstance } from "fastify";
import { conversionSchema, reportSchema } from "./answers.ts";
import { answerAttribution } from "./attribution.ts";
import { requireConversion } from "./conversion.ts";
import { reportCsv } from "./csv.ts";
import { documented } from "./open-api.ts";
import { readParameters, type QuestionParameters } from "./parameters.ts";
import { ATTRIBUTION_PARAMETERS, parseQuestion } from "./question.ts";
import { asOf } from "./report-parameters.ts";
import type { ServerParts } from "./server.ts";

const CONVERSION_PARAMETERS = { asOf };

/** What marketers ask. */
export function addReportRoutes(
  server: FastifyInstance,
  parts: ServerParts,
  access: ApiKeys,
): void {
  server.get<{ Querystring: QuestionParameters }>(
    "/v1/reports/attribution",
    documented({
      summary: "What each channel or campaign earned, under one model or several",
      parameters: ATTRIBUTION_PARAMETERS,
      answer: reportSchema,
      formats: ["text/csv"],
    }),
    async (request, reply) => {
      const tenant = access.tenantOf(request.headers);
      const { question, format } = parseQuestion(request.query, Date.now());
      const asked = { tenant, ...question };
      const report = await answerAttribution(parts.engine, asked, parts.creditPaths);
      if (format === "json") return report;
      return reply.type("text/csv; charset=utf-8").send(reportCsv(report, question));
    },
  );
  server.get<{ Params: { key: string }; Querystring: QuestionParameters }>(
    "/v1/conversions/:key",
    documented({
      summary: "One conversion: its touchpoints, credits and revisions",
      parameters: CONVERSION_PARAMETERS,
      path: { key: "event ID, or order ID" },
      answer: conversionSchema,
    }),
    async (request) => {
      const tenant = access.tenantOf(request.headers);
      const asked = readParameters(CONVERSION_PARAMETERS, request.query, Date.now());
      return requireConversion(parts.engine, tenant, request.params.key, asked.asOf);
    },
  );
}
