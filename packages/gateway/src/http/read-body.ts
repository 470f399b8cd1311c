import { promisify } from "node:util";
import { brotliDecompress, gunzip, inflate, zstdDecompress } from "node:zlib";
import { packJsonBody, packNdjsonBody, type Refusal } from "@tributary/protocol";
import { GatewayError } from "../errors.ts";

const DECODERS = {
  gzip: promisify(gunzip),
  "x-gzip": promisify(gunzip),
  deflate: promisify(inflate),
  br: promisify(brotliDecompress),
  zstd: promisify(zstdDecompress),
} as const;

const JSON_TYPES = new Set(["application/json", "text/json"]);
const NDJSON_TYPES = new Set(["application/x-ndjson", "application/ndjson", "application/jsonl"]);
const MSGPACK_TYPES = new Set([
  "application/msgpack",
  "application/x-msgpack",
  "application/vnd.msgpack",
]);

/** A body in the form that is validated: msgpack. */
export interface PackedBody {
  /** Valid until the next body is packed: JSON bodies share a buffer. */
  readonly bytes: Uint8Array;
  /** Why events that stand as nil in it could not be read, by index: NDJSON lines that are not JSON, for one. */
  readonly broken: ReadonlyMap<number, Omit<Refusal, "index">>;
}

const NONE: PackedBody["broken"] = new Map();

/**
 * Undoes a body's Content-Encoding.
 * @param maxBytes bound of what comes out: a small body may unpack to a huge one
 * @throws GatewayError `unsupported_encoding`, `body_too_large`, `body_malformed`
 */
export async function decodeBody(
  body: Buffer,
  encoding: string | undefined,
  maxBytes: number,
): Promise<Buffer> {
  const name = (encoding ?? "identity").trim().toLowerCase();
  if (name === "identity" || name === "") return body;
  if (!Object.hasOwn(DECODERS, name)) {
    throw new GatewayError(
      "unsupported_encoding",
      `Content-Encoding: expected gzip, br, zstd, deflate or identity, got ${JSON.stringify(name.slice(0, 40))}`,
    );
  }
  const decode = DECODERS[name as keyof typeof DECODERS];
  try {
    return await decode(body, { maxOutputLength: maxBytes });
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ERR_BUFFER_TOO_LARGE") {
      throw new GatewayError("body_too_large", `the body unpacks to more than ${maxBytes} bytes`);
    }
    throw new GatewayError("body_malformed", `the body is not valid ${name}`);
  }
}

/**
 * Brings a body of any accepted type into msgpack.
 * @throws GatewayError `unsupported_media_type`; ProtocolError where the body is not what its type says
 */
export function packBody(
  body: Buffer,
  contentType: string | undefined,
  maxEvents: number,
): PackedBody {
  const type = (contentType ?? "").split(";")[0]?.trim().toLowerCase() ?? "";
  if (MSGPACK_TYPES.has(type)) return { bytes: body, broken: NONE };
  if (JSON_TYPES.has(type)) return { bytes: packJsonBody(body), broken: NONE };
  if (NDJSON_TYPES.has(type)) {
    const { body: bytes, broken } = packNdjsonBody(body, maxEvents);
    if (broken.size === 0) return { bytes, broken: NONE };
    const why = [...broken].map(([at, reason]) => [at, { field: "event", reason }] as const);
    return { bytes, broken: new Map(why) };
  }
  throw new GatewayError(
    "unsupported_media_type",
    `Content-Type: expected application/json, application/x-ndjson or application/msgpack, got ${JSON.stringify(type.slice(0, 80))}`,
  );
}
