import {
  type ApiKeys,
  hostRefusal,
  isKnownHost,
  originHost,
  pageRefusal,
} from "@tributary/service";
import type { Logger } from "@tributary/telemetry";
import type { FastifyInstance } from "fastify";
import { GatewayError } from "../errors.ts";
import type { AllowedOrigins } from "./cors.ts";

/** What pages everywhere hold, and what counts no conversion: links and pixels. */
const ON_PAGES = /^\/(?:c\/|p\.gif(?:\?|$))/;
/** Most refused origins that the log names. */
const MAX_NAMED = 16;

/** Whom a gateway that needs no key answers, beside its own machine. */
export interface LocalGuardOptions {
  /** Names that it is asked under. */
  readonly knownHosts: ReadonlySet<string>;
  /** Whose pages may send events. */
  readonly openOrigins: AllowedOrigins;
}

/**
 * While a gateway needs no key, pages that did not come from this machine or a configured origin cannot use it through a browser here:
 * they would send events that nobody made.
 */
export function addLocalGuard(
  server: FastifyInstance,
  { knownHosts, openOrigins }: LocalGuardOptions,
  keys: ApiKeys,
  logger: Logger,
): void {
  const named = new Set<string>();
  const isAllowed = (origin: string): boolean =>
    openOrigins === "any" ||
    openOrigins.has(origin) ||
    isKnownHost(originHost(origin) ?? "", knownHosts);
  server.addHook("onRequest", (request, _reply, done) => {
    if (!keys.isOpen) return done();
    const { headers, url } = request;
    const host = hostRefusal(headers, knownHosts);
    if (host !== undefined) return done(new GatewayError("host_refused", host));
    if (openOrigins === "any" || ON_PAGES.test(url)) return done();
    const reason = pageRefusal(headers, isAllowed);
    if (reason === undefined) return done();
    // The page's developer sees no answer: browsers show none without CORS.
    if (!named.has(reason) && named.size < MAX_NAMED) {
      named.add(reason);
      logger.warn(`${reason}; TRIBUTARY_CORS_ORIGINS allows them, or a write key`);
    }
    return done(new GatewayError("origin_refused", reason));
  });
}
