import swagger from "@fastify/swagger";
import apiReference from "@scalar/fastify-api-reference";
import type { FastifyInstance } from "fastify";
import { z } from "zod";
import { errorSchema } from "../answer-schemas.ts";
import type { JsonSchema, ParameterTable } from "../question/parameters.ts";

/** What a route says about itself. */
export interface RouteDescription {
  readonly summary: string;
  readonly parameters?: ParameterTable;
  /** Of the path: name and meaning. */
  readonly path?: Readonly<Record<string, string>>;
  /** What it takes as a JSON body. */
  readonly body?: JsonSchema;
  /** Its JSON answer. */
  readonly answer: z.ZodType;
  /** Media types it can answer with instead. */
  readonly formats?: readonly string[];
  /** Of a good answer; 200 where it is left out. */
  readonly status?: number;
  /** Where it is not a read key that is needed. */
  readonly security?: object;
}

/** Of routes that need an erase key. */
export const ERASE_KEY = [{ eraseKey: [] }, {}];

const TITLE = "Tributary reports";

/**
 * Describes the routes that are added in `addRoutes`, and serves the description: OpenAPI 3.1 at `/openapi.json`, and
 * a page to read and try it at `/docs`.
 */
export function serveOpenApi(server: FastifyInstance, addRoutes: () => void): void {
  // The schemas document. What was asked is read by readParameters, whose errors name more; answers are JSON already.
  server.setValidatorCompiler(() => () => true);
  server.setSerializerCompiler(() => JSON.stringify);
  void server.register(swagger, {
    openapi: {
      openapi: "3.1.0",
      info: { title: TITLE, version: "1", description: "What each channel and campaign earned." },
      components: {
        securitySchemes: {
          readKey: { type: "http", scheme: "bearer", description: "a read key" },
          eraseKey: { type: "http", scheme: "bearer", description: "an erase key" },
        },
      },
      // Without read keys tenant `default` is read by anybody.
      security: [{ readKey: [] }, {}],
    },
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
    addRoutes();
    server.get("/openapi.json", { schema: { hide: true } }, () => server.swagger());
  });
}

/** A route's options that describe it. */
export function documented(route: RouteDescription): { readonly schema: object } {
  const { summary, parameters = {}, path = {}, body, answer, formats = [], status = 200 } = route;
  const properties = Object.entries(parameters).map(([name, { description, schema }]) => [
    name,
    { description, ...schema },
  ]);
  const media = Object.fromEntries([
    ["application/json", { schema: jsonSchema(answer) }],
    ...formats.map((type) => [type, { schema: { type: "string" } }]),
  ]);
  const error = { content: { "application/json": { schema: jsonSchema(errorSchema) } } };
  const named = Object.entries(path).map(([name, description]) => [
    name,
    { type: "string", description },
  ]);
  return {
    schema: {
      summary,
      querystring: { type: "object", properties: Object.fromEntries(properties) },
      ...(named.length === 0
        ? {}
        : { params: { type: "object", properties: Object.fromEntries(named) } }),
      ...(body === undefined ? {} : { body }),
      ...(route.security === undefined ? {} : { security: route.security }),
      response: {
        [status]: { description: "The answer", content: media },
        "4xx": {
          description: "The question is at fault: which field, and what is allowed",
          ...error,
        },
        "5xx": { description: "It cannot be answered now", ...error },
      },
    },
  };
}

function jsonSchema(answer: z.ZodType): JsonSchema {
  const { $schema: _, ...schema } = z.toJSONSchema(answer, { io: "output" });
  return schema;
}
