import { ProtocolError, type Refusal } from "@tributary/protocol";
import type { FastifyReply, FastifyRequest } from "fastify";
import { GatewayError } from "../errors.ts";

export const EVENTS_ROUTE = "/v1/events";

/**
 * Answers a batch that could be read: 202 where anything was taken, 400 where nothing could be.
 * @param hints about what was taken, where the sender asked for them
 */
export async function answerBatch(
  reply: FastifyReply,
  accepted: number,
  refused: readonly Refusal[],
  hints?: readonly Refusal[],
): Promise<FastifyReply> {
  if (accepted > 0) return reply.code(202).send({ accepted, refused, ...(hints && { hints }) });
  const first = refused[0];
  const reason = `no event could be taken; the first: ${first?.field}: ${first?.reason}`;
  return reply.code(400).send({ error: { code: "all_refused", reason }, accepted: 0, refused });
}

/** Answers a request that failed as a whole. */
export function sendError(reply: FastifyReply, error: unknown): FastifyReply {
  const known = toGatewayError(error);
  if (known.retryAfterSeconds !== undefined)
    void reply.header("Retry-After", String(known.retryAfterSeconds));
  if (known.status === 401) void reply.header("WWW-Authenticate", 'Bearer realm="tributary"');
  return reply
    .code(known.status)
    .send({ error: { code: known.code, reason: known.message }, accepted: 0, refused: [] });
}

/** The gateway's error that any error stands for: its own, one of the body's reading, else `internal`. */
export function toGatewayError(error: unknown): GatewayError {
  if (error instanceof GatewayError) return error;
  if (error instanceof ProtocolError) {
    const { code, message } = error;
    if (code === "too_many_events" || code === "body_empty") return new GatewayError(code, message);
    return new GatewayError("body_malformed", message);
  }
  if (!(error instanceof Error)) return internal();
  const { code, statusCode = 500 } = error as Error & { code?: string; statusCode?: number };
  if (code === "FST_ERR_CTP_INVALID_MEDIA_TYPE") {
    return new GatewayError(
      "unsupported_media_type",
      "Content-Type: expected application/json, application/x-ndjson or application/msgpack",
    );
  }
  // Others of Fastify's about a request: its message may repeat what a stranger sent.
  return statusCode < 500
    ? new GatewayError("request_malformed", "the request cannot be read")
    : internal();
}

function internal(): GatewayError {
  return new GatewayError("internal", "the gateway failed; the request can be sent again", 1);
}

/**
 * Answers a path or method that is not there.
 * @param allowed methods that the path takes; none where it is not there
 */
export function notFound(
  request: FastifyRequest,
  reply: FastifyReply,
  allowed: readonly string[],
): FastifyReply {
  if (allowed.length > 0) {
    const methods = allowed.join(", ");
    const path = (request.url.split("?")[0] ?? "").slice(0, 128);
    void reply.header("Allow", methods);
    return sendError(reply, new GatewayError("method_not_allowed", `${path} takes ${methods}`));
  }
  return sendError(
    reply,
    new GatewayError("not_found", `there is nothing here; events go to POST ${EVENTS_ROUTE}`),
  );
}
