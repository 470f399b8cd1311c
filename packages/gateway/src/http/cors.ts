/**
 * CORS: pages of other origins may send events and read the answers. Requests without an Origin header, those of
 * servers, cost one look at the headers: @fastify/cors writes its headers on every answer.
 */
import { EnvironmentError } from "@tributary/service";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";

/** Origins whose pages may send events; `any` for all of them. */
export type AllowedOrigins = "any" | ReadonlySet<string>;

/** What a browser may keep a preflight's answer for, s: the most that Chromium takes. */
const PREFLIGHT_SECONDS = 7200;
const REQUEST_HEADERS =
  "authorization, content-type, content-encoding, traceparent, tracestate, x-retry-count, x-write-key";

/**
 * Parses `*`, or origins (`https://shop.example`) separated by commas.
 * @throws EnvironmentError
 */
export function parseOrigins(variable: string, list: string): AllowedOrigins {
  if (list === "*") return "any";
  const origins = list.split(",").map((origin) => origin.trim());
  for (const origin of origins) {
    if (URL.parse(origin)?.origin === origin && origin !== "null") continue;
    throw new EnvironmentError(
      variable,
      `expected * or origins like https://shop.example separated by commas, got ${JSON.stringify(origin.slice(0, 64))}`,
    );
  }
  return new Set(origins);
}

/** Lets pages of the allowed origins use the routes that take events, and nothing else: metrics are not a page's business. */
export function addCors(server: FastifyInstance, allowed: AllowedOrigins): void {
  server.addHook("onRequest", (request, reply, done) => {
    const { origin } = request.headers;
    if (origin !== undefined && takesEvents(request)) allow(reply, origin, allowed);
    done();
  });
  server.options("*", async (_request, reply) => {
    if (!reply.hasHeader("access-control-allow-origin")) {
      reply.callNotFound();
      return reply;
    }
    return reply
      .code(204)
      .header("Access-Control-Allow-Methods", "GET, POST")
      .header("Access-Control-Allow-Headers", REQUEST_HEADERS)
      .header("Access-Control-Max-Age", String(PREFLIGHT_SECONDS))
      .send();
  });
}

/** All that is posted to is; `/v1/` has the settings of Segment's snippet as well. */
function takesEvents(request: FastifyRequest): boolean {
  const method =
    request.method === "OPTIONS"
      ? request.headers["access-control-request-method"]
      : request.method;
  return method === "POST" || request.url.startsWith("/v1/");
}

function allow(reply: FastifyReply, origin: string, allowed: AllowedOrigins): void {
  if (allowed === "any") void reply.header("Access-Control-Allow-Origin", "*");
  else {
    // Also where the origin is not allowed: a cache must not give that answer to one that is.
    void reply.header("Vary", "Origin");
    if (!allowed.has(origin)) return;
    void reply.header("Access-Control-Allow-Origin", origin);
  }
  // Without it a page cannot know how long it is to wait.
  void reply.header("Access-Control-Expose-Headers", "Retry-After");
}
