/** The ledger of imports over HTTP, for who reads the files themselves: the command does. */
import { Buffer } from "node:buffer";
import {
  IMPORT_KINDS,
  IMPORT_ROW_BYTES,
  type ImportRecord,
  readImports,
  readMapping,
} from "@tributary/warehouse";
import { z } from "zod";
import {
  begunImportSchema,
  type ImportAnswer,
  importRecordSchema,
  importsSchema,
  knownRowsSchema,
  mappingAnswerSchema,
  storedRowsSchema,
} from "../../answers/imports.ts";
import { ReportsError } from "../../errors.ts";
import { NO_PARAMETERS, text } from "../../question/parameters.ts";
import { tenantOf } from "../access.ts";
import { bodyErrors } from "../body-errors.ts";
import { documented, documentedAt, type ReportsServer } from "../open-api.ts";
import type { ServerParts } from "../parts.ts";

/** Rows of one request. */
const MAX_ROWS = 65_536;
const MAX_DAYS_BODY_BYTES = 16 << 20;
const MAX_TEXT = 512;
/** A mapping of two thousand columns. */
const MAX_MAPPING_BYTES = 1 << 20;

/** Digest of the names of a file's columns, see headerDigest of imports. */
const HEADER = z
  .string()
  .regex(/^[0-9a-f]{16}$/, { error: "expected the 16 hexadecimal digits of a header's digest" });

const PATH = z.object({ import: z.uuid().describe("as it was given when it began") });
const ROWS_BODY = z.unknown().meta({
  type: "string",
  format: "binary",
  description: `at most ${MAX_ROWS} rows of ${IMPORT_ROW_BYTES} bytes: 16 of what makes the row itself, 8 of its content`,
});

const begunSchema = z.strictObject({
  kind: z.enum(IMPORT_KINDS),
  file: z.string().min(1).max(MAX_TEXT),
  header: HEADER,
  mapping: z.record(z.string(), z.unknown()),
});
const rows = z.int().nonnegative();
const countsSchema = z.strictObject({
  rows,
  newRows: rows,
  presentRows: rows,
  differingRows: rows,
  refusedRows: rows,
});

const errorHandler = bodyErrors((message) => new ReportsError("import_invalid", message));

/** Adds the routes of the ledger. They need an import key, as those of spend do. */
export function addLedgerRoutes(server: ReportsServer, parts: ServerParts): void {
  addImportList(server, parts);
  const json = (answer: z.ZodType, summary: string) => ({
    ...documentedAt(PATH, { summary, parameters: NO_PARAMETERS, body: z.unknown(), answer }),
    bodyLimit: MAX_DAYS_BODY_BYTES,
    errorHandler,
  });
  addEventLedger(server, parts);
  const { ledger } = parts;
  server.post(
    "/v1/imports/begin",
    {
      ...documented({
        summary: "Begins an import",
        parameters: NO_PARAMETERS,
        body: z.unknown(),
        answer: begunImportSchema,
      }),
      bodyLimit: MAX_MAPPING_BYTES,
      errorHandler,
    },
    async (request) => {
      const tenant = tenantOf(request);
      const { mapping, ...begun } = readBody(begunSchema, request.body);
      const text = JSON.stringify(mapping);
      const { importId } = await ledger.begin(tenant, { ...begun, mapping: text }, Date.now());
      return { import: importId, tenant };
    },
  );
  server.post(
    "/v1/imports/:import/days",
    json(storedRowsSchema, "Stores rows of spend or rates, all or none"),
    async (request) => ({
      stored: await ledger.storeDays(tenantOf(request), request.params.import, request.body),
    }),
  );
  server.post(
    "/v1/imports/:import/end",
    json(importRecordSchema, "Ends an import: all of it is there"),
    async (request) => {
      const counts = readBody(countsSchema, request.body);
      const tenant = tenantOf(request);
      return answerOf(await ledger.end(tenant, request.params.import, counts, Date.now()));
    },
  );
}

function addEventLedger(server: ReportsServer, { ledger }: ServerParts): void {
  server.addContentTypeParser(
    "application/octet-stream",
    { parseAs: "buffer" },
    (_request, body, done) => done(null, body),
  );
  server.post(
    "/v1/imports/known",
    {
      ...documented({
        summary: "Which rows of events are there already",
        parameters: NO_PARAMETERS,
        body: ROWS_BODY,
        answer: knownRowsSchema,
      }),
      bodyLimit: MAX_ROWS * IMPORT_ROW_BYTES,
      errorHandler,
    },
    async (request) => {
      const tenant = tenantOf(request);
      const known = await ledger.find(tenant, rowsOf(request.body));
      return {
        present: known.filter(({ same }) => same).map(({ place }) => place),
        differing: known.filter(({ same }) => !same).map(({ place }) => place),
      };
    },
  );
  server.post(
    "/v1/imports/:import/events",
    {
      ...documentedAt(PATH, {
        summary: "Notes rows of events that a gateway has accepted",
        parameters: NO_PARAMETERS,
        body: ROWS_BODY,
        answer: storedRowsSchema,
      }),
      bodyLimit: MAX_ROWS * IMPORT_ROW_BYTES,
      errorHandler,
    },
    async (request) => {
      const given = rowsOf(request.body);
      await ledger.record(tenantOf(request), request.params.import, given);
      return { stored: given.length / IMPORT_ROW_BYTES };
    },
  );
}

function addImportList(server: ReportsServer, { engine, ledger }: ServerParts): void {
  server.get(
    "/v1/imports",
    documented({
      summary: "Imports, the newest first, at most 1000",
      parameters: NO_PARAMETERS,
      answer: importsSchema,
    }),
    async (request) => ({
      imports: (await readImports(engine, tenantOf(request))).map(answerOf),
    }),
  );
  server.get(
    "/v1/imports/mapping",
    documented({
      summary: "The mapping that a file with these columns was last imported by",
      parameters: z.strictObject({
        header: text(HEADER).describe("digest of the names of the columns"),
      }),
      answer: mappingAnswerSchema,
    }),
    async (request) => {
      const mapping = await readMapping(engine, tenantOf(request), request.query.header);
      return { mapping: mapping === undefined ? null : (JSON.parse(mapping) as unknown) };
    },
  );
  server.post(
    "/v1/imports/:import/undo",
    documentedAt(PATH, {
      summary: "Takes an import of spend or rates back; what it had replaced is valid again",
      parameters: NO_PARAMETERS,
      answer: importRecordSchema,
    }),
    async (request) =>
      answerOf(await ledger.undo(tenantOf(request), request.params.import, Date.now())),
  );
}

function answerOf(record: ImportRecord): ImportAnswer {
  const { importId, tenant: _, mapping: _mapping, ...rest } = record;
  return { import: importId, ...rest };
}

function readBody<T>(schema: z.ZodType<T>, body: unknown): T {
  const read = schema.safeParse(body);
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  throw new ReportsError(
    "import_invalid",
    `${issue?.path.join(".") || "the body"}: ${issue?.message ?? "expected a JSON object"}`,
  );
}

function rowsOf(body: unknown): Buffer {
  if (Buffer.isBuffer(body) && body.length > 0 && body.length % IMPORT_ROW_BYTES === 0) return body;
  throw new ReportsError(
    "import_invalid",
    `expected application/octet-stream of 1 to ${MAX_ROWS} rows of ${IMPORT_ROW_BYTES} bytes`,
  );
}
