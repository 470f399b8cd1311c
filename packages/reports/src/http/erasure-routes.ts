import { EVENT_LIMITS } from "@tributary/protocol";
import type { ApiKeys } from "@tributary/service";
import { type ErasureReceipt, readReceipts } from "@tributary/warehouse";
import type { FastifyInstance } from "fastify";
import { askedErasureSchema, erasureSchema, erasuresSchema } from "../answer-schemas.ts";
import type { Person } from "../load/ask-erasure.ts";
import { ReportsError } from "../errors.ts";
import { documented, ERASE_KEY } from "./open-api.ts";
import { readParameters, refusal, type QuestionParameters } from "../question/parameters.ts";
import type { ServerParts } from "./parts.ts";

const MAX_BODY_BYTES = 4096;
const FIELDS = ["tenant", "userId", "anonymousId"] as const;
const text = (description: string) => ({ type: "string", description });
const BODY = {
  type: "object",
  description: "a userId or an anonymousId",
  properties: {
    tenant: text("the key's, where it is given"),
    userId: text("all of the person goes, their devices as well"),
    anonymousId: text("where it is a known user's, all of that person goes"),
  },
  additionalProperties: false,
} as const;

/** Has people erased, and says what became of it: with keys of their own, for reading is no leave to destroy. */
export function addErasureRoutes(
  server: FastifyInstance,
  { engine, erasures }: ServerParts,
  access: ApiKeys,
): void {
  server.post<{ Querystring: QuestionParameters; Body: unknown }>(
    "/v1/erasures",
    {
      ...documented({
        summary: "Has a person erased: all that was accepted of them until now",
        body: BODY,
        answer: askedErasureSchema,
        status: 202,
        security: ERASE_KEY,
      }),
      bodyLimit: MAX_BODY_BYTES,
      errorHandler: unreadable,
    },
    async (request, reply) => {
      const tenant = access.tenantOf(request.headers);
      readParameters({}, request.query, Date.now());
      const asked = await erasures.ask(personOf(request.body, tenant));
      void reply.code(202).header("Location", `/v1/erasures/${asked.receipt}`);
      return { ...asked, state: "asked" };
    },
  );
  server.get<{ Querystring: QuestionParameters }>(
    "/v1/erasures",
    documented({
      summary: "What became of the erasures that were asked for, newest first, at most 1000",
      answer: erasuresSchema,
      security: ERASE_KEY,
    }),
    async (request) => {
      const tenant = access.tenantOf(request.headers);
      readParameters({}, request.query, Date.now());
      return { erasures: (await readReceipts(engine, tenant)).map(plainReceipt) };
    },
  );
  server.get<{ Querystring: QuestionParameters; Params: { readonly receipt: string } }>(
    "/v1/erasures/:receipt",
    documented({
      summary: "What became of an erasure",
      path: { receipt: "as it was given when it was asked for" },
      answer: erasureSchema,
      security: ERASE_KEY,
    }),
    async (request) => {
      const tenant = access.tenantOf(request.headers);
      readParameters({}, request.query, Date.now());
      const [found] = await readReceipts(engine, tenant, request.params.receipt);
      if (found === undefined) throw new ReportsError("not_found", "there is no such receipt");
      return plainReceipt(found);
    },
  );
}

function plainReceipt({ receipt, askedAt, erasedAt, ...erased }: ErasureReceipt) {
  const state = erasedAt === undefined ? "asked" : "erased";
  return { receipt, state, askedAt, erasedAt: erasedAt ?? null, erased };
}

/**
 * Whom a body asks to erase. Errors never repeat what a field held.
 * @throws ReportsError `erasure_invalid`, `tenant_other`
 */
function personOf(body: unknown, tenant: string): Person {
  if (typeof body !== "object" || body === null || Array.isArray(body)) throw unreadableBody();
  const given = body as Readonly<Record<string, unknown>>;
  for (const field of Object.keys(given)) {
    if (FIELDS.some((known) => known === field)) continue;
    throw refusal("erasure_invalid", field.slice(0, 64), "no such field", undefined, FIELDS);
  }
  const { userId, anonymousId } = given;
  if (userId !== undefined && anonymousId !== undefined) {
    throw refusal("erasure_invalid", "anonymousId", "expected it or userId, not both");
  }
  if (userId === undefined && anonymousId === undefined) {
    throw refusal("erasure_invalid", "userId", "expected it or anonymousId");
  }
  if (given["tenant"] !== undefined && given["tenant"] !== tenant) {
    throw refusal("tenant_other", "tenant", "expected the tenant of the erase key, or none");
  }
  return userId === undefined
    ? { tenant, id: idOf("anonymousId", anonymousId), anonymous: true }
    : { tenant, id: idOf("userId", userId), anonymous: false };
}

function idOf(field: string, value: unknown): string {
  const { userKeyBytes } = EVENT_LIMITS;
  if (typeof value === "string" && value.isWellFormed()) {
    const bytes = Buffer.byteLength(value, "utf8");
    if (bytes > 0 && bytes <= userKeyBytes) return value;
  }
  throw refusal(
    "erasure_invalid",
    field,
    `expected a text of 1 to ${userKeyBytes} bytes of UTF-8, as events have it`,
  );
}

function unreadableBody(): ReportsError {
  return new ReportsError(
    "erasure_invalid",
    `expected a JSON object with userId or anonymousId, of at most ${MAX_BODY_BYTES} bytes`,
  );
}

/** In words of our own: a parser's may repeat what it read. */
function unreadable(error: Error & { readonly statusCode?: number }): never {
  if (error instanceof ReportsError) throw error;
  if (error.statusCode === undefined || error.statusCode >= 500) throw error;
  throw unreadableBody();
}
