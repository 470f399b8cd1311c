import { describeError } from "@tributary/platform/errors";
import { pause } from "@tributary/platform/client";
import { Load, type LoadOptions, type Sent } from "./load.ts";
import { leaverIds, TENANTS, type Tenant, workload } from "./workload.ts";

export interface LeaversOptions extends Omit<LoadOptions, "batches" | "clients"> {
  readonly reportsUrl: string;
  readonly seed: number;
  readonly batchEvents: number;
  readonly partitions: number;
  /** How long their events are sent, before they are erased. */
  readonly sendMs: number;
  readonly signal: AbortSignal;
}

/** An erasure that was asked for. */
interface Asked {
  readonly tenant: Tenant;
  readonly receipt: string;
}

/** Of each tenant: each is asked to be erased by every ID that they have. */
const LEAVERS = 12;
const CLIENTS = 2;
const ASKING = 4;
const POLL_MS = 250;
const REQUEST_TIMEOUT_MS = 10_000;

/** People of a chaos run who come, leave and are erased while faults happen: nothing of them may be left in the end. */
export class Leavers {
  readonly #options: LeaversOptions;
  readonly #load: Load;
  readonly #asked: Asked[] = [];

  constructor(options: LeaversOptions) {
    this.#options = options;
    const { seed, batchEvents, partitions } = options;
    const batches = workload(seed, LEAVERS, batchEvents, partitions, "leaver-");
    this.#load = new Load({ ...options, batches, clients: CLIENTS });
  }

  /** Their events. */
  get sent(): readonly Sent[] {
    return this.#load.sent;
  }

  /** Sends their events, and when all of them have been answered has everybody erased. */
  async leave(): Promise<void> {
    const { sendMs, signal, patienceMs } = this.#options;
    this.#load.start();
    await pause(sendMs, signal);
    await this.#load.finish();
    const people = TENANTS.flatMap((tenant) =>
      [...leaverIds(tenant, LEAVERS, this.#options.partitions)].map((person) => ({
        tenant,
        person,
      })),
    );
    const until = Date.now() + patienceMs;
    const ask = async (): Promise<void> => {
      for (let next = people.pop(); next !== undefined; next = people.pop()) {
        const { tenant, person } = next;
        const { receipt } = (await this.#request("POST", "", tenant, until, person)) as Asked;
        this.#asked.push({ tenant, receipt });
      }
    };
    await Promise.all(Array.from({ length: ASKING }, ask));
  }

  /** Waits until every receipt says that it is done. */
  async gone(timeoutMs: number): Promise<void> {
    const until = Date.now() + timeoutMs;
    for (const { tenant, receipt } of this.#asked) {
      for (;;) {
        const answer = (await this.#request("GET", `/${receipt}`, tenant, until)) as {
          state: string;
        };
        if (answer.state === "erased") break;
        if (Date.now() >= until) throw new Error(`erasure ${receipt} is not done`);
        await pause(POLL_MS);
      }
    }
  }

  /** Asks again until there is an answer: an erasure that is asked for twice is done twice. */
  async #request(
    method: string,
    path: string,
    tenant: Tenant,
    until: number,
    body?: object,
  ): Promise<unknown> {
    const url = `${this.#options.reportsUrl}/v1/erasures${path}`;
    for (;;) {
      let why: string;
      try {
        const answer = await fetch(url, {
          method,
          headers: { authorization: `Bearer ${tenant}`, "content-type": "application/json" },
          body: body === undefined ? null : JSON.stringify(body),
          signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
        });
        if (answer.ok) return await answer.json();
        why = `${answer.status}: ${await answer.text()}`;
        if (answer.status < 500) this.#options.complain(`an erasure was answered ${why}`);
      } catch (error) {
        why = describeError(error);
      }
      if (Date.now() >= until) throw new Error(`${method} /v1/erasures: ${why}`);
      await pause(POLL_MS);
    }
  }
}
