import { packEvents } from "@tributary/protocol";
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { GatewayConfig } from "../config.ts";
import { GatewayError } from "../errors.ts";
import { type EventIntake, tenantOf } from "../intake/event-intake.ts";
import { postbackEvent, type PostbackParameters } from "./postback-event.ts";

const ROUTE = "/v1/postback/:template";
/** Where the key may be, which is no parameter of the template. */
const KEY = "key";

type Query = Readonly<Record<string, unknown>>;

/** Conversions that a network's server reports, in the network's own parameters: docs/links.md. */
export function addPostbackRoutes(
  server: FastifyInstance,
  config: GatewayConfig,
  intake: EventIntake,
): void {
  server.route<{ Params: { template: string }; Querystring: Query }>({
    method: ["GET", "POST"],
    url: ROUTE,
    exposeHeadRoute: false,
    onRequest: intake.beforeBody(({ headers, query }) => {
      const { [KEY]: key } = query as Query;
      return intake.keys.tenantOf(headers, typeof key === "string" ? key : undefined);
    }),
    handler: async (request, reply) => {
      await intake.inSpan(request, ROUTE, async (span) => {
        const { [KEY]: _, ...query } = request.query;
        const tenant = tenantOf(request);
        const name = request.params.template;
        const { postbacks = {} } = config.tenants.byName.get(tenant) ?? {};
        const template = Object.hasOwn(postbacks, name) ? postbacks[name] : undefined;
        if (template === undefined) {
          throw new GatewayError(
            "not_found",
            `there is no postback template ${name.slice(0, 64)} of this key's tenant`,
          );
        }
        intake.checkRoom(tenant);
        const parameters = { ...texts(query), ...bodyParameters(request) };
        const event = postbackEvent(name, template, parameters, Date.now());
        const bytes = packEvents([event]);
        const { refused } = await intake.take({ bytes, broken: new Map() }, tenant, span);
        const [first] = refused;
        if (first !== undefined) {
          throw new GatewayError("postback_refused", `${first.field}: ${first.reason}`);
        }
        await reply.type("text/plain").send("OK");
        span.setAttribute("http.response.status_code", reply.statusCode);
      });
      return reply;
    },
  });
}

/** The body of a POST: a form, or a flat JSON object. @throws GatewayError */
function bodyParameters({ body, headers }: FastifyRequest): PostbackParameters {
  if (!Buffer.isBuffer(body) || body.length === 0) return {};
  const text = body.toString("utf8");
  if ((headers["content-type"] ?? "").startsWith("application/x-www-form-urlencoded")) {
    return texts(Object.fromEntries(new URLSearchParams(text)));
  }
  try {
    const read: unknown = JSON.parse(text);
    if (typeof read === "object" && read !== null && !Array.isArray(read))
      return texts(read as Query);
  } catch {
    // Said below: it is no object either way.
  }
  throw new GatewayError(
    "body_malformed",
    "the body: expected a form, or a JSON object of texts and numbers",
  );
}

function texts(values: Query): PostbackParameters {
  const found: Record<string, string> = {};
  for (const [name, value] of Object.entries(values)) {
    const first: unknown = Array.isArray(value) ? value[0] : value;
    if (typeof first === "string" || typeof first === "number") found[name] = String(first);
  }
  return found;
}
