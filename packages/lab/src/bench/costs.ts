/** CPU, memory and bytes that the processes of a bench use, read before and after a load. */
import type { Platform } from "@tributary/platform";
import type { Redis } from "ioredis";
import { processUsage, type ProcessUsage } from "./process-usage.ts";
import type { BenchCosts, BenchPart } from "./result.ts";

/** Commands that take less than this of an event are left out, µs. */
const LEAST_MICROS = 0.001;

/** What the processes have used until now. */
export interface Snapshot {
  readonly usage: Readonly<Partial<Record<BenchPart, ProcessUsage>>>;
  /** µs by Redis command. */
  readonly commands: ReadonlyMap<string, number>;
  readonly memoryBytes: number;
  readonly publishedBytes: number;
}

/** @param generatorPid process of the load generator */
export async function takeSnapshot(
  platform: Platform,
  redis: Redis,
  generatorPid: number | undefined,
): Promise<Snapshot> {
  const usage: Partial<Record<BenchPart, ProcessUsage>> = {};
  for (const { name, pid } of [...platform.processes(), { name: "generator", pid: generatorPid }]) {
    const part = name.replace(/-\d+$/, "") as BenchPart;
    const used = pid === undefined ? undefined : processUsage(pid);
    if (used !== undefined) usage[part] = added(usage[part], used);
  }
  const metrics = await (await fetch(`${platform.gatewayUrl}/metrics`)).text();
  const info = await redis.info("everything");
  return {
    usage,
    commands: commandMicros(info),
    memoryBytes: Number(/^used_memory:(\d+)/m.exec(info)?.[1]),
    publishedBytes: Number(/^tributary_publish_bytes_total (\S+)$/m.exec(metrics)?.[1]),
  };
}

/** What each event cost between two snapshots. @param events that were attributed between them */
export function costsBetween(before: Snapshot, after: Snapshot, events: number): BenchCosts {
  const perEvent = (value: number): number => round(value / events, 3);
  return {
    cpuMicrosPerEvent: mapParts(after, (part, { cpuMicros }) =>
      perEvent(cpuMicros - (before.usage[part]?.cpuMicros ?? 0)),
    ),
    redisMicrosPerEvent: commandCosts(before.commands, after.commands, events),
    redisBytesPerEvent: round(perEvent(after.publishedBytes - before.publishedBytes), 1),
    redisKeptBytesPerEvent: round(perEvent(after.memoryBytes - before.memoryBytes), 1),
    peakRssMiB: mapParts(after, (_, { peakRssMib }) => peakRssMib),
  };
}

function added(one: ProcessUsage | undefined, other: ProcessUsage): ProcessUsage {
  return {
    cpuMicros: (one?.cpuMicros ?? 0) + other.cpuMicros,
    peakRssMib: (one?.peakRssMib ?? 0) + other.peakRssMib,
  };
}

function mapParts(
  { usage }: Snapshot,
  value: (part: BenchPart, usage: ProcessUsage) => number,
): Partial<Record<BenchPart, number>> {
  const entries = Object.entries(usage) as [BenchPart, ProcessUsage][];
  return Object.fromEntries(entries.map(([part, used]) => [part, value(part, used)]));
}

/** µs spent in each command, from INFO commandstats; those that a script calls are also part of it. */
function commandMicros(info: string): Map<string, number> {
  const found = info.matchAll(/^cmdstat_([^:]+):calls=\d+,usec=(\d+)/gm);
  return new Map([...found].map(([, name, micros]) => [name as string, Number(micros)]));
}

function commandCosts(
  before: ReadonlyMap<string, number>,
  after: ReadonlyMap<string, number>,
  events: number,
): Record<string, number> {
  const costs = [...after].map(([name, micros]): [string, number] => [
    name,
    round((micros - (before.get(name) ?? 0)) / events, 3),
  ]);
  return Object.fromEntries(
    costs.filter(([, cost]) => cost >= LEAST_MICROS).toSorted((a, b) => b[1] - a[1]),
  );
}

function round(value: number, places: number): number {
  return Number(value.toFixed(places));
}
