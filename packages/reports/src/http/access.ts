import type { ApiKeys } from "@tributary/service";
import type { FastifyRequest } from "fastify";
import type { QuestionParameters } from "../question/parameters.ts";
import type { ReportsServer } from "./open-api.ts";

const TENANT = "tenant";
const GIVEN = "given";

/**
 * Lets requests in by their keys on the routes that are added to a server from then on. The key is read before the
 * parameters: a stranger learns nothing of those.
 */
export function requireKeys(server: ReportsServer, access: ApiKeys): void {
  server.decorateRequest(TENANT, "");
  server.decorateRequest(GIVEN, null);
  server.addHook("preValidation", (request, _reply, done) => {
    request.setDecorator(TENANT, access.tenantOf(request.headers));
    request.setDecorator(GIVEN, request.query);
    done();
  });
}

/** The tenant of a request's key. */
export function tenantOf(request: Pick<FastifyRequest, "getDecorator">): string {
  const tenant = request.getDecorator<string>(TENANT);
  if (tenant === "") throw new Error("the request's key was not read");
  return tenant;
}

/** The parameters of a request's query as text, before they were read. */
export function givenOf(request: Pick<FastifyRequest, "getDecorator">): QuestionParameters {
  return request.getDecorator<QuestionParameters>(GIVEN);
}
