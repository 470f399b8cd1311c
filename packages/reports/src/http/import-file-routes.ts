/** Imports over HTTP in two steps, for who has a file and no command: a console. */
import { Buffer } from "node:buffer";
import { KINDS } from "@tributary/imports";
import { z } from "zod";
import { commitSchema, lookSchema } from "../answers/imports.ts";
import { ReportsError } from "../errors.ts";
import type { FileLook } from "../imports/import-files.ts";
import { NO_PARAMETERS } from "../question/parameters.ts";
import { tenantOf } from "./access.ts";
import { bodyErrors } from "./body-errors.ts";
import { documented, documentedAt, type ReportsServer } from "./open-api.ts";
import type { ServerParts } from "./parts.ts";

const MAX_TEXT = 512;
const MAX_COMMIT_BYTES = 1 << 20;
const WRITE_KEY = "tributary-write-key";

const commitBody = z.strictObject({
  mapping: z.unknown().optional(),
  answers: z.record(z.string().max(MAX_TEXT), z.string().max(MAX_TEXT)).default({}),
  partly: z.boolean().default(false),
});

/** Adds the two steps. They need an import key; a commit of events a write key as well, which the gateway judges. */
export function addImportFileRoutes(server: ReportsServer, parts: ServerParts): void {
  const errorHandler = bodyErrors((message) => new ReportsError("import_invalid", message));
  void server.register((files, _options, done) => {
    // A file is taken as its bytes, whatever it says that it is.
    files.removeAllContentTypeParsers();
    files.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, parsed) =>
      parsed(null, body),
    );
    addLookRoute(files, parts, errorHandler);
    done();
  });
  server.post(
    "/v1/imports/:look/commit",
    {
      ...documentedAt(z.object({ look: z.uuid().describe("as the look gave it") }), {
        summary: "Imports a file that was looked at: all of its rows, or none unless partly",
        parameters: NO_PARAMETERS,
        body: z.unknown().meta({
          type: "object",
          description:
            "`mapping` instead of the proposed one; `answers` to what it leaves open, by key; `partly` takes the good rows of a file with others",
        }),
        answer: commitSchema,
      }),
      bodyLimit: MAX_COMMIT_BYTES,
      errorHandler,
    },
    async (request) => {
      const { mapping, answers, partly } = readCommit(request.body);
      const given = request.headers[WRITE_KEY];
      const { importId, ...committed } = await parts.importFiles.commit(
        tenantOf(request),
        request.params.look,
        {
          mapping,
          answers: new Map(Object.entries(answers)),
          partly,
          writeKey: typeof given === "string" ? given : undefined,
        },
        Date.now(),
      );
      return { import: importId ?? null, ...committed };
    },
  );
}

function addLookRoute(
  server: ReportsServer,
  parts: ServerParts,
  errorHandler: ReturnType<typeof bodyErrors>,
): void {
  server.post(
    "/v1/imports",
    {
      ...documented({
        summary: "Looks at a file of events, spend or rates, and proposes how it is mapped",
        parameters: z.strictObject({
          file: z.string().min(1).max(MAX_TEXT).describe("its name"),
          kind: z.enum(KINDS).optional().describe("what it holds; found out where it is left out"),
        }),
        body: z.unknown().meta({
          type: "string",
          format: "binary",
          description: "the file's bytes, in any form that `tributary import` takes",
        }),
        answer: lookSchema,
      }),
      bodyLimit: parts.importFiles.maxFileBytes,
      errorHandler,
    },
    async (request) => {
      const { body, query } = request;
      if (!Buffer.isBuffer(body)) throw new ReportsError("import_invalid", "the file is empty");
      const tenant = tenantOf(request);
      return answerOf(
        await parts.importFiles.look(tenant, query.file, query.kind, body, Date.now()),
      );
    },
  );
}

function answerOf({ look, keptUntil, table, mappingFrom, proposal, rows }: FileLook) {
  const { mapping, open, notes, unmapped } = proposal;
  return {
    look,
    keptUntil,
    format: { ...table.format },
    notes: [...table.said, ...notes],
    mapping,
    mappingFrom,
    open: open.map(({ key, question, choices }) => ({ key, question, choices })),
    unmapped,
    rows: rows.map(({ line, row }) => ({ line, row: row ?? null })),
  };
}

function readCommit(body: unknown): z.infer<typeof commitBody> {
  const read = commitBody.safeParse(body ?? {});
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  throw new ReportsError(
    "import_invalid",
    `${issue?.path.join(".") || "the body"}: ${issue?.message ?? "expected a JSON object"}`,
  );
}
