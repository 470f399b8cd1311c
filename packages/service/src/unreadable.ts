import type { Socket } from "node:net";

/** Status lines by Node's code of what is wrong with a request; any other is a 400. */
const STATUS_LINES: Readonly<Record<string, string>> = {
  ERR_HTTP_REQUEST_TIMEOUT: "408 Request Timeout",
  HPE_HEADER_OVERFLOW: "431 Request Header Fields Too Large",
  HPE_CHUNK_EXTENSIONS_OVERFLOW: "413 Payload Too Large",
};
const BODY = JSON.stringify({
  error: { code: "request_malformed", reason: "the request cannot be read as HTTP/1.1" },
  accepted: 0,
  refused: [],
});

/**
 * Answers what Node cannot read as a request, in the form of all other errors, and ends the connection. A client that went away is
 * answered by nobody.
 */
export function answerUnreadable(error: Error & { readonly code?: string }, socket: Socket): void {
  if (error.code === "ECONNRESET" || !socket.writable) {
    socket.destroy();
    return;
  }
  const status = STATUS_LINES[error.code ?? ""] ?? "400 Bad Request";
  socket.end(
    `HTTP/1.1 ${status}\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: ${BODY.length}\r\nConnection: close\r\n\r\n${BODY}`,
  );
}
