/** Two platforms that start at the same moment: neither takes the other's ports, events or answers. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import {
  finished,
  jsonOf,
  type Report,
  start,
  temporaryDataDir,
  tributary,
} from "../support/tributary.ts";

/** How often both are started at once; each round takes seconds. */
const GIVEN_ROUNDS = process.env["TRIBUTARY_TWO_PLATFORMS_ROUNDS"];
const SERVE_ROUNDS = Number(GIVEN_ROUNDS ?? 3);
const SAMPLE_ROUNDS = Number(GIVEN_ROUNDS ?? 1);
const ROUND_TIMEOUT_MS = 80_000;
/** Conversions of the bundled sample. */
const SAMPLE_CONVERSIONS = 847;

interface State {
  readonly ready: boolean;
  readonly instanceId: string;
  readonly gatewayUrl: string;
  readonly reportsUrl: string;
  readonly redisUrl: string;
  readonly workers: readonly { readonly url: string }[];
}

function stateOf(dataDir: string): State | undefined {
  try {
    const state = JSON.parse(readFileSync(join(dataDir, "platform.json"), "utf8")) as State;
    return state.ready ? state : undefined;
  } catch {
    // Not written yet.
    return undefined;
  }
}

async function readyState(dataDir: string): Promise<State> {
  for (let i = 0; i < 600; i += 1) {
    const state = stateOf(dataDir);
    if (state !== undefined) return state;
    await sleep(100);
  }
  throw new Error(`no platform is ready on ${dataDir}`);
}

const addressesOf = (state: State): string[] => [
  state.gatewayUrl,
  state.reportsUrl,
  state.redisUrl,
  ...state.workers.map(({ url }) => url),
];

test(
  "serve side by side, each at addresses of its own that name its start",
  { timeout: SERVE_ROUNDS * ROUND_TIMEOUT_MS },
  async () => {
    for (let round = 0; round < SERVE_ROUNDS; round += 1) {
      const folders = [temporaryDataDir(), temporaryDataDir()];
      const children = folders.map(({ dir }) => start(["start", "--no-sample", "--data", dir]));
      const ends = children.map(async (child) => finished(child));
      try {
        const states = await Promise.all(folders.map(async ({ dir }) => readyState(dir)));
        const addresses = states.flatMap(addressesOf);
        expect(new Set(addresses).size).toBe(addresses.length);
        for (const state of states) {
          for (const url of addressesOf(state).filter((address) => address.startsWith("http"))) {
            const answer = await fetch(`${url}/readyz`);
            expect(await answer.json()).toMatchObject({ instance: state.instanceId });
          }
        }
      } finally {
        for (const child of children) child.kill("SIGTERM");
        const codes = (await Promise.all(ends)).map(({ code }) => code);
        for (const folder of folders) folder.remove();
        expect(codes).toEqual([0, 0]);
      }
    }
  },
);

test(
  "play the sample side by side, each into its own folder",
  { timeout: SAMPLE_ROUNDS * ROUND_TIMEOUT_MS },
  async () => {
    for (let round = 0; round < SAMPLE_ROUNDS; round += 1) {
      const folders = [temporaryDataDir(), temporaryDataDir()];
      try {
        const runs = await Promise.all(
          folders.map(async ({ dir }) => tributary(["start", "--once", "--data", dir])),
        );
        expect(runs.map(({ code }) => code)).toEqual([0, 0]);
        const reports = await Promise.all(
          folders.map(async ({ dir }) => tributary(["report", "--json", "--data", dir])),
        );
        for (const report of reports) {
          expect(jsonOf<Report>(report).totals.conversions).toBe(SAMPLE_CONVERSIONS);
        }
      } finally {
        for (const folder of folders) folder.remove();
      }
    }
  },
);
