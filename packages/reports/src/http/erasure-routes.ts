import { EVENT_LIMITS } from "@tributary/protocol";
import { type ErasureReceipt, readReceipts } from "@tributary/warehouse";
import { z } from "zod";
import { askedErasureSchema, erasureSchema, erasuresSchema } from "../answers/erasures.ts";
import type { Person } from "../load/ask-erasure.ts";
import { ReportsError } from "../errors.ts";
import { NO_PARAMETERS, refusal } from "../question/parameters.ts";
import { tenantOf } from "./access.ts";
import { bodyErrors } from "./body-errors.ts";
import { documented, documentedAt, ERASE_KEY, type ReportsServer } from "./open-api.ts";
import type { ServerParts } from "./parts.ts";

const MAX_BODY_BYTES = 4096;
const FIELDS = ["tenant", "userId", "anonymousId"] as const;
const text = (description: string) => ({ type: "string", description });
const BODY = z.unknown().meta({
  type: "object",
  description: "a userId or an anonymousId",
  properties: {
    tenant: text("the erase key's own, where it is given"),
    userId: text("erases the person, with their devices"),
    anonymousId: text("erases its events, and the person's where it belongs to a known user"),
  },
  additionalProperties: false,
});

/** Takes erasures and reports their state. They need keys of their own: who may read may not destroy. */
export function addErasureRoutes(server: ReportsServer, { engine, erasures }: ServerParts): void {
  server.post(
    "/v1/erasures",
    {
      ...documented({
        summary: "Asks for the erasure of a person: everything accepted of them until now",
        parameters: NO_PARAMETERS,
        body: BODY,
        answer: askedErasureSchema,
        status: 202,
        security: ERASE_KEY,
      }),
      bodyLimit: MAX_BODY_BYTES,
      // Without the parser's message, which may repeat what it read.
      errorHandler: bodyErrors(() => unreadableBody()),
    },
    async (request, reply) => {
      const tenant = tenantOf(request);
      const asked = await erasures.ask(personOf(request.body, tenant));
      void reply.code(202).header("Location", `/v1/erasures/${asked.receipt}`);
      return { ...asked, state: "asked" };
    },
  );
  server.get(
    "/v1/erasures",
    documented({
      summary: "State of the erasures that were asked for, newest first, at most 1000",
      parameters: NO_PARAMETERS,
      answer: erasuresSchema,
      security: ERASE_KEY,
    }),
    async (request) => {
      const tenant = tenantOf(request);
      return { erasures: (await readReceipts(engine, tenant)).map(plainReceipt) };
    },
  );
  server.get(
    "/v1/erasures/:receipt",
    documentedAt(
      z.object({ receipt: z.string().describe("as it was given when it was asked for") }),
      {
        summary: "State of an erasure",
        parameters: NO_PARAMETERS,
        answer: erasureSchema,
        security: ERASE_KEY,
      },
    ),
    async (request) => {
      const tenant = tenantOf(request);
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
 * The person that a body asks to erase. Errors never repeat what a field held.
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
