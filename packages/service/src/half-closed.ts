import type { Server } from "node:http";

/**
 * Has a server answer clients that end their sending side right after the request, as `nc -N` and some proxies do. By default Node
 * ends such a connection without the answer, though the request was taken. The connection ends after its last answer.
 */
export function answerHalfClosed(server: Server): void {
  // Node has the property from version 0.x on, and its types do not.
  Object.assign(server, { httpAllowHalfOpen: true });
}
