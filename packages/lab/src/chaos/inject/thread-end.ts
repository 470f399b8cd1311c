/** Ends a compute thread of a running worker from outside, as a fault of the runtime would. */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { pause } from "@tributary/platform/client";

/** What a service's process is given so that SIGUSR1 opens its inspector on a free port of this machine. */
export const INSPECTABLE = "--inspect-port=127.0.0.1:0";

const BOUND_MS = 5000;
const POLL_MS = 10;
const ADDRESS = /Debugger listening on (ws:\/\/127\.0\.0\.1:\d+\/[\w-]+)/g;

interface Message {
  readonly method?: string;
  readonly params?: { readonly sessionId?: string };
}

/**
 * Has a worker process's compute threads end with exit code 1, whatever they are doing.
 * @param pid of the worker, started with {@link INSPECTABLE}
 * @param logPath where its standard error goes: Node prints the inspector's address there
 * @returns how many threads were ended
 * @throws Error where no inspector answered within 5 s
 */
export async function endThreads(pid: number, logPath: string): Promise<number> {
  const address = await inspectorOf(pid, logPath);
  const socket = new WebSocket(address);
  let attached = 0;
  let ended = 0;
  let nextId = 1;
  const send = (method: string, params: object = {}): void => {
    socket.send(JSON.stringify({ id: nextId, method, params }));
    nextId += 1;
  };
  try {
    await opened(socket);
    socket.addEventListener("message", ({ data }) => {
      const { method, params } = JSON.parse(String(data)) as Message;
      if (method === "NodeWorker.detachedFromWorker") ended += 1;
      if (method !== "NodeWorker.attachedToWorker" || params?.sessionId === undefined) return;
      // Threads that take the places of these are left alone.
      if (ended > 0) return;
      attached += 1;
      const message = JSON.stringify({
        id: 1,
        method: "Runtime.evaluate",
        params: { expression: "process.exit(1)" },
      });
      send("NodeWorker.sendMessageToWorker", { sessionId: params.sessionId, message });
    });
    send("NodeWorker.enable", { waitForDebuggerOnStart: false });
    const until = Date.now() + BOUND_MS;
    while ((attached === 0 || ended < attached) && Date.now() < until) await pause(POLL_MS);
    return ended;
  } finally {
    socket.close();
  }
}

/** Address of a process's inspector, which is opened where it is not open yet. */
async function inspectorOf(pid: number, logPath: string): Promise<string> {
  const until = Date.now() + BOUND_MS;
  while (Date.now() < until) {
    const found = existsSync(logPath) ? await readFile(logPath, "utf8") : "";
    // A process that was started again wrote another address below.
    for (const [, address] of [...found.matchAll(ADDRESS)].toReversed()) {
      if (address !== undefined && (await answers(address))) return address;
    }
    process.kill(pid, "SIGUSR1");
    await pause(POLL_MS * 10);
  }
  throw new Error(`process ${pid} opened no inspector within ${BOUND_MS / 1000} s`);
}

/** Whether the inspector of an address is there still: its path is the process's own. */
async function answers(address: string): Promise<boolean> {
  try {
    const list = await fetch(`http://${new URL(address).host}/json/list`, {
      signal: AbortSignal.timeout(1000),
    });
    const targets = (await list.json()) as { webSocketDebuggerUrl: string }[];
    return targets.some(({ webSocketDebuggerUrl }) => webSocketDebuggerUrl === address);
  } catch (error) {
    // An earlier process wrote it; nobody listens there, or somebody who speaks something else.
    if (error instanceof TypeError || error instanceof SyntaxError || isTimeout(error))
      return false;
    throw error;
  }
}

function isTimeout(error: unknown): boolean {
  return error instanceof Error && error.name === "TimeoutError";
}

async function opened(socket: WebSocket): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    socket.addEventListener("open", () => resolve());
    socket.addEventListener("error", () => reject(new Error("the inspector refused")));
  });
}
