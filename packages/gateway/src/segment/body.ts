import type { IncomingHttpHeaders } from "node:http";
import { parseJson } from "@tributary/protocol";
import { GatewayError } from "../errors.ts";
import { decodeBody } from "../http/read-body.ts";

/** What a Segment client sent: one event, or a batch of them. */
export interface SegmentBody {
  readonly writeKey: string | undefined;
  /** The client's clock at sending, as sent. */
  readonly sentAt: unknown;
  /** Not looked at yet; at least one. */
  readonly events: readonly unknown[];
}

/**
 * Reads a body by its content, whatever its headers say: `text/plain` is JSON here, and form-encoded bodies are gzip.
 * @throws GatewayError, ProtocolError `body_malformed`, `body_empty`, `body_too_large`, `unsupported_encoding`, `too_many_events`
 */
export async function readSegmentBody(
  raw: Buffer,
  headers: IncomingHttpHeaders,
  bounds: { readonly maxBodyBytes: number; readonly maxEvents: number },
): Promise<SegmentBody> {
  const plain = await decodeBody(raw, encodingOf(raw, headers), bounds.maxBodyBytes);
  const value = parse(plain.toString("utf8"));
  if (!isRecord(value)) {
    if (!Array.isArray(value)) throw malformed('expected an event or {"batch": […]}');
    return bounded({ writeKey: undefined, sentAt: undefined, events: value }, bounds.maxEvents);
  }
  const { writeKey, sentAt, batch } = value;
  if (batch !== undefined && !Array.isArray(batch)) throw malformed("batch: expected an array");
  return bounded(
    {
      writeKey: typeof writeKey === "string" ? writeKey : undefined,
      sentAt,
      events: batch ?? [value],
    },
    bounds.maxEvents,
  );
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** gzip is known by its first bytes (RFC 1952); a header that says so of anything else is passed over. */
function encodingOf(raw: Buffer, headers: IncomingHttpHeaders): string | undefined {
  if (raw[0] === 0x1f && raw[1] === 0x8b) return "gzip";
  const named = headers["content-encoding"]?.trim().toLowerCase();
  return named === "gzip" || named === "x-gzip" ? undefined : named;
}

function parse(text: string): unknown {
  const trimmed = text.replace(/^\uFEFF/, "").trim();
  if (trimmed === "") throw new GatewayError("body_empty", "the body is empty");
  const json = trimmed.startsWith("{") || trimmed.startsWith("[") ? trimmed : fromForm(trimmed);
  return parseJson(json);
}

/** The JSON in a form: all of it percent-encoded, or the field `data`, plain or as base64. */
function fromForm(text: string): string {
  const form = new URLSearchParams(text);
  const json = form.get("data") ?? form.keys().next().value ?? "";
  return /^\s*[[{]/.test(json) ? json : Buffer.from(json, "base64").toString("utf8");
}

function bounded(body: SegmentBody, maxEvents: number): SegmentBody {
  const count = body.events.length;
  if (count === 0) throw new GatewayError("body_empty", "the batch holds no event");
  if (count <= maxEvents) return body;
  throw new GatewayError(
    "too_many_events",
    `the batch has ${count} events; at most ${maxEvents} are taken at once`,
  );
}

function malformed(reason: string): GatewayError {
  return new GatewayError("body_malformed", reason);
}
