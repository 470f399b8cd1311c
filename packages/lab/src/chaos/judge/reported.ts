import { describeError } from "@tributary/platform/errors";
import { pause } from "@tributary/platform/client";
import { TENANTS } from "../traffic/workload.ts";

/** How long everything may take to settle in the end. */
export const SETTLE_MS = 120_000;
const POLL_MS = 250;

/** What the reports service answers in the end, by tenant. */
export interface Reported {
  /** Conversions that the report counts. */
  readonly conversions: ReadonlyMap<string, number>;
  /** Events that erasures took from the warehouse. */
  readonly erased: ReadonlyMap<string, number>;
}

/** What is read of the report of conservation. */
interface Conserved {
  readonly complete: boolean;
  readonly events: { readonly residue: number; readonly erased: number };
  readonly money: readonly { readonly residue: string }[];
}

/** Waits until everything that was accepted is attributed and loaded. @param unexplained told where it is not in time */
export async function settled(url: string, unexplained: (what: string) => void): Promise<void> {
  const until = Date.now() + SETTLE_MS;
  let last = "no answer";
  while (Date.now() < until) {
    try {
      const answer = (await getJson(`${url}/v1/settled?timeoutMs=20000`, TENANTS[0])) as {
        settled: boolean;
      };
      if (answer.settled) return;
      last = "not settled";
    } catch (error) {
      last = describeError(error);
    }
    await pause(POLL_MS);
  }
  unexplained(`not settled within ${SETTLE_MS / 1000} s: ${last}`);
}

/** Asks for each tenant's report and conservation. @param unexplained told of a residue */
export async function readReported(
  url: string,
  unexplained: (what: string) => void,
): Promise<Reported> {
  const conversions = new Map<string, number>();
  const erased = new Map<string, number>();
  for (const tenant of TENANTS) {
    const report = (await getJson(
      `${url}/v1/reports/attribution?model=linear&by=channel`,
      tenant,
    )) as { totals: { conversions: number } };
    conversions.set(tenant, report.totals.conversions);
    const conserved = (await getJson(`${url}/v1/reports/conservation`, tenant)) as Conserved;
    erased.set(tenant, conserved.events.erased);
    const residues = [conserved.events, ...conserved.money].map(({ residue }) => residue);
    if (!conserved.complete || residues.some((residue) => Number(residue) !== 0)) {
      unexplained(`${tenant}: what was accepted is not conserved: ${JSON.stringify(conserved)}`);
    }
  }
  return { conversions, erased };
}

async function getJson(url: string, tenant: string): Promise<unknown> {
  const response = await fetch(url, {
    headers: { authorization: `Bearer ${tenant}` },
    signal: AbortSignal.timeout(30_000),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${text}`);
  return JSON.parse(text);
}
