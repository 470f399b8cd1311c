import { FINDING_KINDS, type FindingKind, type FindingOf } from "@tributary/streams";

/** What is found outside of Redis: with the processes of the platform on a data folder, and with its machine. */
export const MACHINE_KINDS = {
  process_dead: {
    severity: "fault",
    meaning:
      "A process of the platform is gone; what it does is not done until it is started again.",
    remedy: "see its log in the data folder; tributary up starts it again",
    passes: true,
  },
  process_unready: {
    severity: "fault",
    meaning: "The process runs and does not do its work.",
    remedy: "do what the reason says, or see its log in the data folder",
    passes: true,
  },
  process_unhealthy: {
    severity: "fault",
    meaning: "The process is stuck.",
    remedy: "restart it, and keep its log",
    passes: true,
  },
  metrics_unreachable: {
    severity: "warning",
    meaning: "Its metrics cannot be read: alerts about it stay silent.",
    remedy: "look whether something else has its port",
    passes: true,
  },
  versions_differ: {
    severity: "warning",
    meaning: "Processes of several versions run; that is meant to last for an upgrade only.",
    remedy: "restart the older ones",
    passes: true,
  },
  disk_full: {
    severity: "fault",
    meaning:
      "The disk of the data folder is nearly full: Redis, the warehouse and spools stop when it is.",
    remedy: "free space, or move the data folder",
    passes: false,
  },
  memory_full: {
    severity: "warning",
    meaning: "Little memory is left: the system may kill a process.",
    remedy: "lower TRIBUTARY_MEMORY_LIMIT_MB, or add memory",
    passes: true,
  },
} as const satisfies Readonly<Record<string, FindingKind>>;

/** A finding of Redis, of a process or of the machine. */
export type AnyFinding = FindingOf<keyof typeof FINDING_KINDS | keyof typeof MACHINE_KINDS>;

export const ALL_KINDS: Readonly<Record<AnyFinding["code"], FindingKind>> = {
  ...FINDING_KINDS,
  ...MACHINE_KINDS,
};

export function hasFault(findings: readonly AnyFinding[]): boolean {
  return findings.some(({ code }) => ALL_KINDS[code].severity === "fault");
}
