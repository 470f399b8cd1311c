import { type ApiKeys, hostRefusal, originHost, pageRefusal } from "@tributary/service";
import type { FastifyInstance } from "fastify";
import { ReportsError } from "../errors.ts";

/** While one of the accesses needs no key, no page but the service's own can use it through a browser on its machine. */
export function addLocalGuard(
  server: FastifyInstance,
  knownHosts: ReadonlySet<string>,
  accesses: readonly ApiKeys[],
): void {
  server.addHook("onRequest", (request, _reply, done) => {
    if (!accesses.some(({ isOpen }) => isOpen)) return done();
    const { headers } = request;
    const host = hostRefusal(headers, knownHosts);
    if (host !== undefined) return done(new ReportsError("host_refused", host));
    const reason = pageRefusal(headers, (origin) => originHost(origin) === headers.host);
    return done(reason === undefined ? undefined : new ReportsError("origin_refused", reason));
  });
}
