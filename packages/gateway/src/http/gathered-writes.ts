import type { Socket } from "node:net";

/** Longer texts are written as they are. */
const LONGEST = 16_384;

type Written = (error?: Error | null) => void;

/**
 * Has the answers of one turn of the event loop leave a connection in one write: all requests of a flush are answered
 * together, and a write is a system call that wakes the client. Node's HTTP begins the next answer of a pipelined connection when the
 * earlier one was written, so each write is reported as done at once. An answer that then cannot be written belongs to a broken
 * connection, with or without this.
 */
export function gatherWrites(socket: Socket): void {
  const write = socket.write.bind(socket) as (
    chunk: string | Uint8Array,
    encoding?: BufferEncoding | Written,
    written?: Written,
  ) => boolean;
  const end = socket.end.bind(socket) as (...args: unknown[]) => Socket;
  const destroy = socket.destroy.bind(socket);
  let waiting = "";
  const flush = (): void => {
    if (waiting === "") return;
    const text = waiting;
    waiting = "";
    if (!socket.destroyed) write(text, "utf8");
  };
  const gather = (
    chunk: string | Uint8Array,
    encoding?: BufferEncoding | Written,
    written?: Written,
  ): boolean => {
    const gathered =
      typeof chunk === "string" &&
      chunk.length <= LONGEST &&
      (encoding === undefined || encoding === null || encoding === "utf8") &&
      socket.writable;
    if (!gathered) {
      flush();
      return write(chunk, encoding, written);
    }
    if (waiting === "") setImmediate(flush);
    waiting += chunk;
    if (typeof written === "function") process.nextTick(written);
    return !socket.writableNeedDrain;
  };
  socket.write = gather;
  socket.end = (...args: unknown[]) => {
    flush();
    return end(...args);
  };
  socket.destroy = (error) => {
    flush();
    return destroy(error);
  };
}
