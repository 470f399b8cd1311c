import { connect } from "node:net";

const TIMEOUT_MS = 900;
const HOST = "127.0.0.1";

/** Whether a Redis on this machine answers PING with PONG; while it reads its file, it answers LOADING. */
export async function answersPing(port: number): Promise<boolean> {
  const answer = await ask(port, "PING", (text) => text.includes("\n"));
  return answer.startsWith("+PONG");
}

/** Whether the Redis that answers on a port of this machine is that process, and is ready. */
export async function isReadyRedis(port: number, pid: number): Promise<boolean> {
  // PING is answered after INFO: the answer is complete with its last line.
  const answer = await ask(port, "INFO server\r\nPING", (text) => /\r\n[+-][^\n]*\n$/.test(text));
  return new RegExp(`\\nprocess_id:${pid}\\r\\n`).test(answer) && answer.endsWith("+PONG\r\n");
}

/** @returns what came until it was whole, the connection ended or the time was over */
function ask(port: number, command: string, isWhole: (answer: string) => boolean): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: HOST });
    let answer = "";
    const end = (): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(TIMEOUT_MS, end);
    socket.once("error", end);
    socket.once("close", end);
    socket.once("connect", () => void socket.write(`${command}\r\n`));
    socket.on("data", (data: Buffer) => {
      answer += data.toString("latin1");
      if (isWhole(answer)) end();
    });
  });
}
