import { formatDecimal } from "@tributary/protocol";
import { readRates, readSpend, storeRates, storeSpend } from "@tributary/warehouse";
import { z } from "zod";
import { importSchema, ratesSchema, spendSchema } from "../answers/imports.ts";
import { ReportsError } from "../errors.ts";
import { rateRows, spendRows } from "../formats/import-rows.ts";
import { givenRows } from "../formats/import-text.ts";
import { ANY_PARAMETERS, NO_PARAMETERS } from "../question/parameters.ts";
import { daysOf, timeRange, timesOf, timeZone } from "../question/report-parameters.ts";
import { tenantOf } from "./access.ts";
import { bodyErrors } from "./body-errors.ts";
import { documented, IMPORT_KEY, type ReportsServer } from "./open-api.ts";
import type { ServerParts } from "./parts.ts";

/** Largest body. */
const MAX_BODY_BYTES = 16 << 20;
const BODY = z.unknown().meta({
  type: "object",
  description:
    "rows as JSON, or as text/csv a file with a header, in any form that `tributary import` takes",
  properties: { rows: { type: "array", items: { type: "object" } } },
});

/** Imports beside events: spend, and rates of currencies. They need keys of their own: who may read may not change. */
export function addImportRoutes(server: ReportsServer, { engine, attribution }: ServerParts): void {
  server.addContentTypeParser("text/csv", { parseAs: "buffer" }, (_request, body, done) => {
    done(null, body);
  });
  const options = (summary: string) => ({
    ...documented({
      summary,
      parameters: ANY_PARAMETERS,
      body: BODY,
      answer: importSchema,
      security: IMPORT_KEY,
    }),
    bodyLimit: MAX_BODY_BYTES,
    errorHandler: bodyErrors((message) => new ReportsError("import_invalid", message)),
  });
  server.post("/v1/spend", options("Imports spend by day and dimensions"), async (request) => {
    const tenant = tenantOf(request);
    const { rows: given, unmapped } = await givenRows("spend", request.body);
    const rows = spendRows(given, attribution.settings.of(tenant).channels);
    await storeSpend(engine, tenant, rows, { importedAt: Date.now(), importId: "" });
    return { imported: rows.length, unmapped };
  });
  server.post(
    "/v1/rates",
    options("Imports rates of currencies, each from a day on"),
    async (request) => {
      const tenant = tenantOf(request);
      const { rows: given, unmapped } = await givenRows("rates", request.body);
      const rows = rateRows(given);
      await storeRates(engine, tenant, rows, { importedAt: Date.now(), importId: "" });
      return { imported: rows.length, unmapped };
    },
  );
}

/** What was imported. */
export function addImportedRoutes(
  server: ReportsServer,
  { engine, attribution }: ServerParts,
): void {
  server.get(
    "/v1/spend",
    documented({
      summary: "Spend, as it was imported last",
      parameters: z.strictObject({ timeZone, ...timeRange }),
      answer: spendSchema,
    }),
    async (request) => {
      const tenant = tenantOf(request);
      const { timeZone: zone = attribution.settings.of(tenant).timeZone } = request.query;
      const times = timesOf(request.query, Date.now(), zone);
      const rows = await readSpend(engine, { tenant, ...daysOf(times, zone) });
      const shown = rows.map((row) => ({ ...row, amount: formatDecimal(row.amount) }));
      return { timeZone: zone, ...times, rows: shown };
    },
  );
  server.get(
    "/v1/rates",
    documented({
      summary: "Rates of currencies, as they were imported last",
      parameters: NO_PARAMETERS,
      answer: ratesSchema,
    }),
    async (request) => {
      const tenant = tenantOf(request);
      const rows = await readRates(engine, tenant);
      return { rows: rows.map((row) => ({ ...row, rate: formatDecimal(row.rate) })) };
    },
  );
}
