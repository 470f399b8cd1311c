/**
 * Values as msgpack, with the meaning that JSON gives them: `toJSON` is asked, what JSON leaves out is left out, and what
 * it writes as null is nil. So an event is the same whether it goes out at once or comes back from storage.
 */

const encoder = new TextEncoder();

/** Grows as it is written to. */
class Bytes {
  #bytes = new Uint8Array(512);
  #view = new DataView(this.#bytes.buffer);
  length = 0;

  /** Makes room for `count` more bytes and gives where they begin. */
  #more(count: number): number {
    const at = this.length;
    this.length += count;
    if (this.length > this.#bytes.length) {
      const larger = new Uint8Array(this.length * 2);
      larger.set(this.#bytes);
      this.#bytes = larger;
      this.#view = new DataView(larger.buffer);
    }
    return at;
  }

  byte(value: number): void {
    // In this order: making room may move the bytes.
    const at = this.#more(1);
    this.#bytes[at] = value;
  }

  /** A head's code and the number of what follows it, in `width` bytes. */
  head(code: number, count: number, width: 1 | 2 | 4): void {
    this.byte(code);
    const at = this.#more(width);
    if (width === 1) this.#view.setUint8(at, count);
    else if (width === 2) this.#view.setUint16(at, count);
    else this.#view.setUint32(at, count);
  }

  float(value: number): void {
    this.byte(0xcb);
    const at = this.#more(8);
    this.#view.setFloat64(at, value);
  }

  append(bytes: Uint8Array): void {
    const at = this.#more(bytes.length);
    this.#bytes.set(bytes, at);
  }

  take(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.length);
  }
}

/**
 * @param value anything that JSON can hold; `undefined` becomes nil
 * @throws TypeError for what JSON cannot hold: a bigint, a circle
 */
export function pack(value: unknown): Uint8Array<ArrayBuffer> {
  const out = new Bytes();
  write(out, plain(value, ""), 0);
  return out.take();
}

/** A batch of packed events, as the gateway takes it: `{"sentAt": ms, "events": […]}`. */
export function packBatch(
  events: readonly Uint8Array[],
  sentAtMs: number,
): Uint8Array<ArrayBuffer> {
  const out = new Bytes();
  out.byte(0x82);
  writeText(out, "sentAt");
  writeNumber(out, sentAtMs);
  writeText(out, "events");
  writeHead(out, events.length, 0x90, 15, 0xdc);
  for (const event of events) out.append(event);
  return out.take();
}

/** Deeper is a circle, or as good as one: events hold 8 levels. */
const MOST_LEVELS = 64;

function write(out: Bytes, value: unknown, depth: number): void {
  if (depth > MOST_LEVELS) throw new TypeError(`deeper than ${MOST_LEVELS} levels`);
  switch (typeof value) {
    case "string":
      return writeText(out, value);
    case "number":
      return writeNumber(out, value);
    case "boolean":
      return out.byte(value ? 0xc3 : 0xc2);
    case "bigint":
      throw new TypeError("a bigint has no JSON");
    case "object":
      if (value !== null) return writeObject(out, value, depth);
      break;
    default:
  }
  out.byte(0xc0);
}

function writeObject(out: Bytes, value: object, depth: number): void {
  if (Array.isArray(value)) {
    writeHead(out, value.length, 0x90, 15, 0xdc);
    for (let at = 0; at < value.length; at += 1) {
      write(out, plain(value[at], String(at)), depth + 1);
    }
    return;
  }
  const entries = Object.entries(value)
    .map(([key, item]) => [key, plain(item, key)] as const)
    .filter(([, item]) => !/^(undefined|function|symbol)$/.test(typeof item));
  writeHead(out, entries.length, 0x80, 15, 0xde);
  for (const [key, item] of entries) {
    writeText(out, key);
    write(out, item, depth + 1);
  }
}

/** What JSON takes for a value. */
function plain(value: unknown, key: string): unknown {
  const own = value as { toJSON?: unknown } | null | undefined;
  if (typeof own === "object" && own !== null && typeof own.toJSON === "function") {
    return (own.toJSON as (key: string) => unknown)(key);
  }
  return value;
}

function writeText(out: Bytes, text: string): void {
  const bytes = encoder.encode(text);
  if (bytes.length > 31 && bytes.length < 256) out.head(0xd9, bytes.length, 1);
  else writeHead(out, bytes.length, 0xa0, 31, 0xda);
  out.append(bytes);
}

/** A count in the head's own byte, else in two or four bytes after `wide` or the code that follows it. */
function writeHead(out: Bytes, count: number, fix: number, most: number, wide: number): void {
  if (count <= most) out.byte(fix + count);
  else if (count < 65_536) out.head(wide, count, 2);
  else out.head(wide + 1, count, 4);
}

function writeNumber(out: Bytes, value: number): void {
  if (!Number.isFinite(value)) out.byte(0xc0);
  else if (!Number.isInteger(value) || value < -32 || value > 0xff_ff_ff_ff) out.float(value);
  else if (value < 128) out.byte(value & 0xff);
  else out.head(0xce, value, 4);
}
