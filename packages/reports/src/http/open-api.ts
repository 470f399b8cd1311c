import swagger from "@fastify/swagger";
import apiReference from "@scalar/fastify-api-reference";
import type { FastifyInstance } from "fastify";
import { jsonSchemaTransform, type ZodTypeProvider } from "fastify-type-provider-zod";
import { z } from "zod";
import { errorSchema } from "../answers/error.ts";
import { parseParameters } from "../question/parameters.ts";

/** A server whose handlers get the parts of a request as the route's schemas read them. */
export type ReportsServer = ReturnType<typeof typedByZod>;

/** What a route says about itself. */
export interface RouteDescription<Query extends z.ZodObject> {
  readonly summary: string;
  readonly parameters: Query;
  /** What it takes as a body; the route reads it itself. */
  readonly body?: z.ZodUnknown;
  /** Its JSON answer. */
  readonly answer: z.ZodType;
  /** Media types it can answer with instead. */
  readonly formats?: readonly string[];
  /** Of a good answer; 200 where it is left out. */
  readonly status?: number;
  /** Where it needs another key than a read key. */
  readonly security?: readonly Readonly<Record<string, readonly string[]>>[];
}

/** Of routes that need an import key. */
export const IMPORT_KEY = [{ importKey: [] }, {}];
/** Of routes that show an operate key more than a read key. */
export const OPERATE_KEY = [{ readKey: [] }, { operateKey: [] }, {}];
/** Of routes that need an erase key. */
export const ERASE_KEY = [{ eraseKey: [] }, {}];

const TITLE = "Tributary reports";

/**
 * Describes the routes that are added in `addRoutes`, and serves the description: OpenAPI 3.1 at `/openapi.json`, and
 * a page to read and try it at `/docs`.
 */
export function serveOpenApi(
  server: FastifyInstance,
  addRoutes: (server: ReportsServer) => void,
): void {
  // The type provider's own compiler says less than a refusal: neither the given value nor the allowed ones.
  server.setValidatorCompiler<z.ZodType>(({ schema }) =>
    schema instanceof z.ZodObject ? (given) => parseParameters(schema, given) : () => true,
  );
  // Tests hold answers against their schemas: reports of many rows are not parsed again for each request.
  server.setSerializerCompiler(() => JSON.stringify);
  void server.register(swagger, {
    openapi: {
      openapi: "3.1.0",
      info: { title: TITLE, version: "1", description: "What each channel and campaign earned." },
      components: {
        securitySchemes: {
          readKey: { type: "http", scheme: "bearer", description: "a read key" },
          importKey: { type: "http", scheme: "bearer", description: "an import key" },
          operateKey: { type: "http", scheme: "bearer", description: "an operate key" },
          eraseKey: { type: "http", scheme: "bearer", description: "an erase key" },
        },
      },
      // Without read keys anybody reads tenant `default`.
      security: [{ readKey: [] }, {}],
    },
    transform: jsonSchemaTransform,
  });
  void server.register(apiReference, {
    routePrefix: "/docs",
    configuration: {
      url: "/openapi.json",
      title: TITLE,
      withDefaultFonts: false,
      telemetry: false,
    },
  });
  server.after(() => {
    addRoutes(typedByZod(server));
    server.get("/openapi.json", { schema: { hide: true } }, () => server.swagger());
  });
}

/** A route's options: which schema reads its parameters, and what the API's description says. */
export function documented<Query extends z.ZodObject>(route: RouteDescription<Query>) {
  const { summary, parameters, body, answer, formats = [], status = 200, security } = route;
  const media = [
    ["application/json", { schema: answer }],
    ...formats.map((type) => [type, { schema: z.string() }]),
  ];
  const error = { content: { "application/json": { schema: errorSchema } } };
  return {
    schema: {
      summary,
      querystring: parameters,
      ...(body === undefined ? {} : { body }),
      ...(security === undefined ? {} : { security }),
      response: {
        [status]: { description: "The answer", content: Object.fromEntries(media) },
        "4xx": {
          description: "The question is at fault: which field, and what is allowed",
          ...error,
        },
        "5xx": { description: "It cannot be answered now", ...error },
      },
    },
  };
}

/** As {@link documented}, of a route with parameters in its path. */
export function documentedAt<Path extends z.ZodObject, Query extends z.ZodObject>(
  path: Path,
  route: RouteDescription<Query>,
) {
  return { schema: { ...documented(route).schema, params: path } };
}

function typedByZod(server: FastifyInstance) {
  return server.withTypeProvider<ZodTypeProvider>();
}
