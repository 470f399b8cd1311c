import { Buffer } from "node:buffer";

const HEAD_END = Buffer.from("\r\n\r\n");
const LENGTH_NAME = /content-length: *(\d+)/i;

/** Finds status and end of each answer of an HTTP/1.1 connection, by content-length (RFC 9112, 6.2). */
export class ResponseReader {
  readonly #answered: (status: number) => void;
  #rest: Buffer = Buffer.alloc(0);

  /** @param answered called with the status of each whole answer */
  constructor(answered: (status: number) => void) {
    this.#answered = answered;
  }

  /** @throws Error where the bytes are no such answers */
  take(bytes: Buffer): void {
    let rest = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    for (;;) {
      const head = rest.indexOf(HEAD_END);
      if (head < 0) break;
      const text = rest.toString("latin1", 0, head);
      const length = LENGTH_NAME.exec(text)?.[1];
      if (length === undefined || !text.startsWith("HTTP/1.1 ")) {
        throw new Error(`not an answer with a content-length: ${text.slice(0, 80)}`);
      }
      const end = head + HEAD_END.length + Number(length);
      if (rest.length < end) break;
      const status = Number(text.slice(9, 12));
      rest = rest.subarray(end);
      this.#answered(status);
    }
    // Copied, so that the rest does not retain the whole chunk.
    this.#rest = rest.length === 0 ? rest : Buffer.from(rest);
  }
}
