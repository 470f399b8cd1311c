import { isAlive } from "@tributary/platform";
import type { PlatformState } from "@tributary/platform/client";
import type { AnyFinding } from "./kinds.ts";

const ANSWER_MS = 3000;
const BUILD_INFO = /^tributary_build_info\{[^}]*version="([^"]*)"/m;

/** What is not as it should be with the processes of a platform that runs on this machine. */
export async function processFindings(state: PlatformState): Promise<AnyFinding[]> {
  const dead = state.processes
    .filter((identity) => !isAlive(identity))
    .map(({ name, pid }): AnyFinding => {
      return { code: "process_dead", subject: name, detail: `process ${pid} is gone` };
    });
  const services = [
    { name: "gateway", url: state.gatewayUrl },
    { name: "reports", url: state.reportsUrl },
    ...state.workers,
    ...(state.webhooksUrl === undefined ? [] : [{ name: "webhooks", url: state.webhooksUrl }]),
  ].filter(({ name }) => !dead.some(({ subject }) => subject === name));
  const asked = await Promise.all(services.map(async ({ name, url }) => askService(name, url)));
  const versions = Map.groupBy(
    asked.filter(({ version }) => version !== undefined),
    ({ version }) => version,
  );
  const differ: AnyFinding[] =
    versions.size <= 1
      ? []
      : [
          {
            code: "versions_differ",
            subject: "the platform's processes",
            detail: [...versions]
              .map(([version, of]) => `${of.map(({ name }) => name).join(", ")}: ${version}`)
              .join("; "),
          },
        ];
  return [...dead, ...asked.flatMap(({ findings }) => findings), ...differ];
}

interface Asked {
  readonly name: string;
  readonly version: string | undefined;
  readonly findings: readonly AnyFinding[];
}

async function askService(name: string, url: string): Promise<Asked> {
  const findings: AnyFinding[] = [];
  const [health, readiness, metrics] = await Promise.all([
    ask(`${url}/healthz`),
    ask(`${url}/readyz`),
    ask(`${url}/metrics`),
  ]);
  if (health.status !== 200) {
    findings.push({ code: "process_unhealthy", subject: name, detail: reasonOf(health) });
  }
  if (readiness.status !== 200) {
    findings.push({ code: "process_unready", subject: name, detail: reasonOf(readiness) });
  }
  if (metrics.status !== 200) {
    findings.push({ code: "metrics_unreachable", subject: name, detail: reasonOf(metrics) });
  }
  return { name, version: BUILD_INFO.exec(metrics.body)?.[1], findings };
}

interface Answer {
  /** 0 where there is none. */
  readonly status: number;
  readonly body: string;
}

async function ask(url: string): Promise<Answer> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(ANSWER_MS) });
    return { status: response.status, body: await response.text() };
  } catch (error) {
    const isLate = error instanceof Error && error.name === "TimeoutError";
    const why = isLate
      ? `no answer within ${ANSWER_MS / 1000} s`
      : "nothing answers at its address";
    return { status: 0, body: JSON.stringify({ reason: why }) };
  }
}

/** The reason that a service gives, else its status. */
function reasonOf({ status, body }: Answer): string {
  try {
    const { reason } = JSON.parse(body) as { reason?: unknown };
    if (typeof reason === "string") return reason;
  } catch {
    // No answer of ours: its status says what there is to say.
  }
  return `status ${status}`;
}
