import { Readable } from "node:stream";
import type { ReadableStream as NodeReadableStream } from "node:stream/web";
import type { z } from "zod";
import { describeError } from "@tributary/platform/errors";
import { CliError } from "../errors.ts";
import {
  askedErasureSchema,
  auditSchema,
  conservationSchema,
  conversionSchema,
  erasureSchema,
  erasuresSchema,
  lagAnswerSchema,
  reportSchema,
  rowsSchema,
  settledSchema,
  type AttributionReport,
  type Audit,
  type Conservation,
  type Conversion,
  type Erasure,
  type Lag,
  type TenantLag,
} from "@tributary/reports/answers";
import type { RowsAnswer } from "@tributary/reports";
import type { ReportQuestion } from "./report-question.ts";

const REQUEST_TIMEOUT_MS = 60_000;
/** An audit reads all facts; fetch itself waits no longer than this for an answer to begin. */
const AUDIT_TIMEOUT_MS = 300_000;
/** One call waits this long at most, so that Ctrl-C and the deadline are noticed. */
const SETTLE_STEP_MS = 2000;

/** Asks a reports service. */
export class ReportsClient {
  readonly #url: string;
  readonly #key: string | undefined;
  readonly #signal: AbortSignal;

  constructor(url: string, key: string | undefined, signal: AbortSignal) {
    this.#url = url;
    this.#key = key;
    this.#signal = signal;
  }

  /** @throws CliError `no_platform` without an answer, `refused` for any other answer than a report */
  async attribution(question: ReportQuestion): Promise<AttributionReport> {
    const query = new URLSearchParams(queryOf(question, "json")).toString();
    // Custom models may be longer than an address.
    return this.ask(`${ATTRIBUTION}?${query}`, reportSchema, json(question.custom));
  }

  /** @throws as {@link attribution} */
  async attributionParquet(question: ReportQuestion): Promise<Readable> {
    return this.download(ATTRIBUTION, queryOf(question, "parquet"), question.custom);
  }

  /** @param state `asOf` and `timeZone`, as the service takes them @throws as {@link attribution}, `refused` also where there is no such conversion */
  async conversion(
    idOrOrderId: string,
    state: Readonly<Record<string, string>>,
  ): Promise<Conversion> {
    const query = new URLSearchParams(state).toString();
    const path = `/v1/conversions/${encodeURIComponent(idOrOrderId)}`;
    return this.#get(query === "" ? path : `${path}?${query}`, conversionSchema);
  }

  /** @param name last part of the report's path @param parameters as it takes them @throws as {@link attribution} */
  async journeyReport(
    name: string,
    parameters: Readonly<Record<string, string>>,
  ): Promise<RowsAnswer> {
    const query = new URLSearchParams(parameters).toString();
    return this.#get(`/v1/reports/${name}${query === "" ? "" : `?${query}`}`, rowsSchema);
  }

  /** @param what `spend` or `rates` @throws as {@link attribution} */
  async listRows(what: string, parameters: Readonly<Record<string, string>>): Promise<RowsAnswer> {
    return this.#get(`/v1/${what}?${new URLSearchParams(parameters).toString()}`, rowsSchema);
  }

  /** @param differences most that are described @throws as {@link attribution} */
  async audit(differences: number): Promise<Audit> {
    return this.#get(`/v1/audit?differences=${differences}`, auditSchema, AUDIT_TIMEOUT_MS);
  }

  /**
   * An answer of any size, as a stream, which fails where the answer is incomplete.
   * @param body to post; undefined for a GET @throws as {@link attribution}
   */
  async download(
    path: string,
    parameters: Readonly<Record<string, string>>,
    body?: string,
  ): Promise<Readable> {
    const query = new URLSearchParams(parameters).toString();
    const response = await this.#send(`${path}?${query}`, json(body), [this.#signal]);
    if (response.status === 200 && response.body !== null) {
      return Readable.fromWeb(response.body as NodeReadableStream<Uint8Array>);
    }
    throw refusalOf(`${this.#url}${path}`, response.status, await bodyOf(response), undefined);
  }

  /** @param person `tenant`, and `userId` or `anonymousId` @throws as {@link attribution} */
  async erase(
    person: Readonly<Record<string, string>>,
  ): Promise<z.infer<typeof askedErasureSchema>> {
    return this.ask("/v1/erasures", askedErasureSchema, json(JSON.stringify(person)));
  }

  /** @throws as {@link attribution} */
  async erasures(): Promise<z.infer<typeof erasuresSchema>> {
    return this.#get("/v1/erasures", erasuresSchema);
  }

  /** @throws as {@link attribution} */
  async erasure(receipt: string): Promise<Erasure> {
    return this.#get(`/v1/erasures/${encodeURIComponent(receipt)}`, erasureSchema);
  }

  /** @throws as {@link attribution} */
  async conservation(): Promise<Conservation> {
    return this.#get("/v1/reports/conservation", conservationSchema);
  }

  /** @throws as {@link attribution} */
  async lag(): Promise<Lag | TenantLag> {
    return this.#get("/v1/lag", lagAnswerSchema);
  }

  /**
   * Waits until everything accepted before this call is attributed and can be reported.
   * @param deadlineMs ms since 1970; undefined to wait for as long as it takes
   * @throws CliError `timeout`, or as {@link attribution}; the signal's reason after an abort
   */
  async settled(deadlineMs: number | undefined): Promise<void> {
    for (;;) {
      const left = deadlineMs === undefined ? SETTLE_STEP_MS : deadlineMs - Date.now();
      const step = Math.max(1, Math.min(SETTLE_STEP_MS, left));
      const { settled } = await this.#get(`/v1/settled?timeoutMs=${step}`, settledSchema);
      if (settled) return;
      if (left <= SETTLE_STEP_MS && deadlineMs !== undefined) {
        throw new CliError(
          "timeout",
          "everything is accepted, but not all of it was attributed in time; `tributary lag` shows the waiting entries",
        );
      }
    }
  }

  async #get<T>(
    path: string,
    schema: z.ZodType<T>,
    timeoutMs: number = REQUEST_TIMEOUT_MS,
  ): Promise<T> {
    return this.ask(path, schema, undefined, timeoutMs);
  }

  /**
   * Asks for a JSON answer.
   * @param path with its query @param body to post; undefined for a GET @throws as {@link attribution}
   */
  async ask<T>(
    path: string,
    schema: z.ZodType<T>,
    body: Body | undefined,
    timeoutMs: number = REQUEST_TIMEOUT_MS,
  ): Promise<T> {
    const signals = [this.#signal, AbortSignal.timeout(timeoutMs)];
    const response = await this.#send(path, body, signals);
    let answer: unknown;
    try {
      answer = await response.json();
    } catch (error) {
      throw this.#unreachable(error);
    }
    const read = schema.safeParse(answer);
    if (response.ok && read.success) return read.data;
    throw refusalOf(`${this.#url}${path}`, response.status, answer, read.error);
  }

  async #send(path: string, body: Body | undefined, signals: AbortSignal[]): Promise<Response> {
    try {
      return await fetch(`${this.#url}${path}`, {
        ...(body === undefined ? {} : { method: "POST", body: body.content }),
        headers: {
          ...(body === undefined ? {} : { "content-type": body.type }),
          ...(this.#key === undefined ? {} : { authorization: `Bearer ${this.#key}` }),
        },
        signal: AbortSignal.any(signals),
      });
    } catch (error) {
      throw this.#unreachable(error);
    }
  }

  #unreachable(error: unknown): CliError {
    this.#signal.throwIfAborted();
    return new CliError(
      "no_platform",
      `no reports at ${this.#url}: ${describeError(error)}; is the platform running?`,
    );
  }
}

/** The JSON of an answer, else its text. */
async function bodyOf(response: Response): Promise<unknown> {
  const text = await response.text();
  try {
    return JSON.parse(text);
  } catch {
    // A proxy's page, or another server.
    return text;
  }
}

function refusalOf(
  url: string,
  status: number,
  answer: unknown,
  problem: z.ZodError | undefined,
): CliError {
  const reason = reasonOf(answer, problem);
  // The question is wrong: the address does not matter.
  if (status === 400) return new CliError("refused", reason);
  return new CliError("refused", `${url} answered ${status}: ${reason}`);
}

const ATTRIBUTION = "/v1/reports/attribution";

function queryOf(question: ReportQuestion, format: string): Record<string, string> {
  const { models, by, custom: _, ...more } = question;
  const query: Record<string, string> = { model: models.join(","), by: by.join(","), format };
  for (const [name, text] of Object.entries(more)) {
    if (text !== undefined) query[name] = String(text);
  }
  return query;
}

/** A request's body. */
export interface Body {
  readonly type: string;
  readonly content: string | Uint8Array<ArrayBuffer>;
}

function json(content: string | undefined): Body | undefined {
  return content === undefined ? undefined : { type: "application/json", content };
}

/** The reason that the service gives, else the place where its answer has another shape than expected. */
function reasonOf(body: unknown, problem: z.ZodError | undefined): string {
  if (typeof body === "object" && body !== null && "error" in body) {
    const { error } = body;
    if (typeof error === "object" && error !== null && "reason" in error)
      return String(error.reason);
  }
  const issue = problem?.issues[0];
  return issue === undefined ? "an unexpected answer" : `${issue.path.join(".")}: ${issue.message}`;
}
