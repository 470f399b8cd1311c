import { performance } from "node:perf_hooks";
import type { ApiKeys, KeyAttempts } from "@tributary/service";
import type { FastifyRequest } from "fastify";
import { ReportsError } from "../errors.ts";
import type { QuestionParameters } from "../question/parameters.ts";
import type { ReportsServer } from "./open-api.ts";

const TENANT = "tenant";
const GIVEN = "given";
/** Of an operator's request, which is of no tenant: no tenant's name has the character. */
const WHOLE_PLATFORM = "*";

/** How requests are let in. */
export interface Access {
  readonly keys: ApiKeys;
  /** Keys whose bearers see the whole platform; undefined where a route has nothing for them. */
  readonly operators?: ApiKeys;
  readonly attempts: KeyAttempts;
}

/**
 * Lets requests in by their keys on the routes that are added to a server from then on. The key is read before the
 * body and the parameters: a stranger has nothing read, and learns nothing of those.
 */
export function requireKeys(server: ReportsServer, access: Access): void {
  server.decorateRequest(TENANT, "");
  server.decorateRequest(GIVEN, null);
  server.addHook("onRequest", (request, _reply, done) => {
    request.setDecorator(TENANT, letIn(request, access));
    request.setDecorator(GIVEN, request.query);
    done();
  });
}

/** @throws ReportsError `unauthorized`, `locked_out` */
function letIn({ headers, ip }: FastifyRequest, { keys, operators, attempts }: Access): string {
  if (operators !== undefined && (keys.isOpen || operators.isKnown(headers))) return WHOLE_PLATFORM;
  if (keys.isOpen) return keys.tenantOf(headers);
  const now = performance.now();
  const lockedMs = attempts.lockedMs(ip, now);
  if (lockedMs > 0) {
    const seconds = Math.ceil(lockedMs / 1000);
    const reason = "this address came with too many wrong keys";
    throw new ReportsError("locked_out", reason, { retryAfterSeconds: seconds });
  }
  const wrong = keys.wrongKeyOf(headers);
  if (wrong !== undefined) attempts.failed(ip, wrong, now);
  return keys.tenantOf(headers);
}

/** The tenant of a request's key. */
export function tenantOf(request: Pick<FastifyRequest, "getDecorator">): string {
  const tenant = request.getDecorator<string>(TENANT);
  if (tenant === "" || tenant === WHOLE_PLATFORM) throw new Error("the request is of no tenant");
  return tenant;
}

/** The tenant of a request's key; undefined where it sees the whole platform. */
export function onlyTenantOf(request: Pick<FastifyRequest, "getDecorator">): string | undefined {
  return request.getDecorator<string>(TENANT) === WHOLE_PLATFORM ? undefined : tenantOf(request);
}

/** The parameters of a request's query as text, before they were read. */
export function givenOf(request: Pick<FastifyRequest, "getDecorator">): QuestionParameters {
  return request.getDecorator<QuestionParameters>(GIVEN);
}
