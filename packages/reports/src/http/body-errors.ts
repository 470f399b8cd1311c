import { ReportsError, type ReportsErrorCode } from "../errors.ts";

/** Fastify's errors about a request, and the code that each of them is answered with. */
const CODES: Readonly<Record<number, ReportsErrorCode>> = {
  413: "body_too_large",
  415: "unsupported_media_type",
};
/** What is said in place of Fastify's message, which may repeat what the body holds. */
const REASONS: Partial<Readonly<Record<ReportsErrorCode, string>>> = {
  body_too_large: "the body is larger than the path takes",
  unsupported_media_type: "Content-Type: expected application/json, or text/csv for an import",
};

interface FrameworkError extends Error {
  readonly statusCode?: number;
}

/**
 * The service's own form of an error with which Fastify refuses a request.
 * @returns undefined where it is no such error
 */
export function frameworkError(error: FrameworkError): ReportsError | undefined {
  const { statusCode = 500 } = error;
  if (statusCode >= 500) return undefined;
  const code = CODES[statusCode] ?? "request_malformed";
  return new ReportsError(code, REASONS[code] ?? "the request, or its body, cannot be read");
}

/**
 * Handles a route's errors: Fastify's own about a body that it cannot read become the route's.
 * @param refusalOf from Fastify's message, which may repeat what the body holds
 */
export function bodyErrors(refusalOf: (message: string) => ReportsError) {
  return (error: FrameworkError): never => {
    if (error instanceof ReportsError) throw error;
    const known = frameworkError(error);
    if (known === undefined) throw error;
    throw known.code === "unsupported_media_type" ? known : refusalOf(error.message);
  };
}
