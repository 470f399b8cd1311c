/** Requests that no client of ours makes, sent to every route of a service. */
import { Agent, METHODS, request } from "node:http";
import { connect } from "node:net";

/** A body, by its Content-Type; undefined sends no such header. */
type OddBody = readonly [type: string | undefined, content: string | Buffer, encoding?: string];

const JSON_TYPE = "application/json";
const ODD_BODIES: readonly OddBody[] = [
  ...[
    "",
    "{",
    "null",
    "7",
    '"x"',
    "[]",
    "{}",
    "[null]",
    "\ufeff{}",
    '{"__proto__":{"a":1}}',
    '{"constructor":{"prototype":{}}}',
    "[".repeat(20_000),
    `{"a":`.repeat(5000),
    '{"rows":null}',
    '{"rows":[null,7,"x",[],{}]}',
    '{"rows":[{"day":{},"amount":[],"currency":1e999,"rate":null}]}',
    '{"userId":{"a":1}}',
    '{"userId":"\\ud800"}',
    '{"events":[null,7,"x",[],{}]}',
    '{"events":{"length":-1}}',
    '{"batch":[null,7,"x",[],{},{"type":{}},{"type":"track","properties":[],"context":7}]}',
    '{"batch":{},"sentAt":{},"writeKey":7}',
    '{"positions":[1e999]}',
    '[{"name":"x","weights":null}]',
  ].map((content) => [JSON_TYPE, content] as const),
  [JSON_TYPE, Buffer.from([0xff, 0xfe, 0x00, 0x7b])],
  [JSON_TYPE, "{}", "gzip"],
  [JSON_TYPE, "{}", "nonsense"],
  [`${JSON_TYPE}; charset=utf-16`, "{}"],
  ["text/csv", ""],
  ["text/csv", 'day,channel\n"unclosed'],
  ["text/csv", "\0\n\0"],
  ["text/csv", Buffer.from([0xc3, 0x28])],
  ["application/x-ndjson", "{\n[\n"],
  ["application/msgpack", Buffer.from([0xc1])],
  ["application/msgpack", Buffer.from([0xdf, 0xff, 0xff, 0xff, 0xff])],
  ["text/plain", "x"],
  ["application/x-www-form-urlencoded", "a=b&a=%zz"],
  ["multipart/form-data", "--x"],
  [";;;", "x"],
  ["application/octet-stream", Buffer.alloc(3)],
  [undefined, "x"],
];
/** CONNECT asks for a tunnel, and is answered by no server that has none. */
const ODD_METHODS = METHODS.filter((method) => method !== "CONNECT");
const WITH_BODY = ["POST", "PUT", "PATCH", "DELETE", "QUERY"];
const PARALLEL = 16;

interface OddRequest {
  readonly method: string;
  readonly path: string;
  readonly body?: OddBody;
}

interface OddOptions {
  readonly port: number;
  /** Patterns of the service's routes, `/v1/conversions/:key`. */
  readonly routes: readonly string[];
  /** What every request has: a key, say. */
  readonly headers: Readonly<Record<string, string>>;
  /** Every documented code of an error. */
  readonly codes: readonly string[];
}

/** Every route with every method and, where that may have one, every odd body. @returns what was answered otherwise than documented */
export async function oddAnswers(options: OddOptions): Promise<string[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: PARALLEL });
  const requests: OddRequest[] = options.routes.flatMap((route) => {
    const path = route.replace(/:\w+/g, "x").replace("*", "x");
    return [
      ...ODD_METHODS.map((method) => ({ method, path })),
      ...WITH_BODY.flatMap((method) => ODD_BODIES.map((body) => ({ method, path, body }))),
    ];
  });
  const faults: string[] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    for (let one = requests[next++]; one !== undefined; one = requests[next++]) {
      const fault = faultOf(one, await ask(one, options, agent), options.codes);
      if (fault !== undefined) faults.push(fault);
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, work));
  agent.destroy();
  return faults;
}

interface Answer {
  readonly status: number;
  readonly allow: string | undefined;
  readonly text: string;
}

function ask(
  { method, path, body }: OddRequest,
  options: OddOptions,
  agent: Agent,
): Promise<Answer> {
  const [type, content = "", encoding] = body ?? [];
  const headers = {
    ...options.headers,
    ...(type === undefined ? {} : { "content-type": type }),
    ...(encoding === undefined ? {} : { "content-encoding": encoding }),
    ...(body === undefined ? {} : { "content-length": Buffer.byteLength(content) }),
  };
  return new Promise((resolve, reject) => {
    const sent = request({ port: options.port, agent, method, path, headers }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on("data", (chunk: Buffer) => chunks.push(chunk));
      answer.on("error", reject);
      answer.on("end", () => {
        const text = Buffer.concat(chunks).toString();
        resolve({ status: answer.statusCode ?? 0, allow: answer.headers.allow, text });
      });
    });
    sent.on("error", reject);
    sent.end(content);
  });
}

/** How an answer differs from what is documented: no 500, a known code, and `Allow` with 405. */
function faultOf(
  { method, path, body }: OddRequest,
  { status, allow, text }: Answer,
  codes: readonly string[],
): string | undefined {
  const what = `${method} ${path} ${JSON.stringify(body?.[0])} ${String(body?.[1]).slice(0, 60)}: ${status} ${text.slice(0, 200)}`;
  if (status === 500 || status < 200) return what;
  if (status < 400 || method === "HEAD") return undefined;
  if (status === 405 && (allow ?? "") === "") return `${what}, without Allow`;
  const code = codeOf(text);
  return code === undefined || !codes.includes(code) ? `${what}, no documented code` : undefined;
}

/** The code of an error's body; undefined where it is not of the documented form. */
export function codeOf(text: string): string | undefined {
  try {
    const { error } = JSON.parse(text) as { readonly error?: { readonly code?: unknown } };
    return typeof error?.code === "string" ? error.code : undefined;
  } catch {
    return undefined; // no JSON, which is the form
  }
}

/** Sends bytes over a connection of their own. @returns all that is answered, until the connection ends */
export async function rawAnswer(port: number, bytes: string): Promise<string> {
  const socket = connect({ port, host: "127.0.0.1" });
  const chunks: Buffer[] = [];
  socket.write(bytes);
  return new Promise((resolve) => {
    socket.on("data", (chunk) => chunks.push(chunk));
    socket.on("error", () => undefined);
    socket.on("close", () => resolve(Buffer.concat(chunks).toString()));
  });
}

/** What is no HTTP, with the status that it is answered with. */
export const UNREADABLE: readonly (readonly [bytes: string, status: number])[] = [
  ["nonsense\r\n\r\n", 400],
  ["GET / HTTP/9.9\r\n\r\n", 400],
  ["GET / HTTP/1.1\r\nHost localhost\r\n\r\n", 400],
  ["GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: x\r\n\r\n", 400],
  [`GET / HTTP/1.1\r\nHost: localhost\r\nX: ${"x".repeat(20_000)}\r\n\r\n`, 431],
  [
    "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
    400,
  ],
];
