import { ReportsError } from "../errors.ts";

/**
 * Handles a route's errors: Fastify's own about a body that it cannot take become the route's.
 * @param refusalOf from Fastify's message, which may repeat what the body holds
 */
export function bodyErrors(refusalOf: (message: string) => ReportsError) {
  return (error: Error & { readonly statusCode?: number }): never => {
    if (error instanceof ReportsError) throw error;
    if (error.statusCode === undefined || error.statusCode >= 500) throw error;
    throw refusalOf(error.message);
  };
}
