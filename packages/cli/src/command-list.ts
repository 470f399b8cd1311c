/** The commands, in the order of the help. */
import type { Command } from "commander";
import type { CommandContext } from "./context.ts";

/** Adds options, arguments, subcommands and the action to a command that has its name and summary. */
export type CommandDefinition = (command: Command, context: CommandContext) => void;

/** A command's line in the help; `load` brings the rest of it when the command is called. */
export interface CommandEntry {
  readonly name: string;
  /** Options and arguments, as the help shows them behind the name. */
  readonly usage: string;
  readonly summary: string;
  readonly load: () => Promise<CommandDefinition>;
}

export const COMMANDS: readonly CommandEntry[] = [
  {
    name: "start",
    usage: "[options]",
    summary:
      "run the platform, play the bundled sample through it and show its attribution (npm start)",
    load: async () => (await import("./commands/run/start.ts")).startCommand,
  },
  {
    name: "up",
    usage: "[options]",
    summary:
      "run the platform until Ctrl-C: Redis (unless REDIS_URL is set), gateway, workers, reports, and webhooks where configured",
    load: async () => (await import("./commands/run/up.ts")).upCommand,
  },
  {
    name: "replay",
    usage: "[options] <file>",
    summary: "send a file's events through the gateway and wait until all are attributed",
    load: async () => (await import("./commands/data/replay.ts")).replayCommand,
  },
  {
    name: "import",
    usage: "[options] <file>",
    summary:
      "a shop's, ad platform's or warehouse's export: events, spend or rates, all rows or none",
    load: async () => (await import("./commands/data/import.ts")).importCommand,
  },
  {
    name: "imports",
    usage: "",
    summary: "what was imported: list, undo",
    load: async () => (await import("./commands/data/import-list.ts")).importsCommand,
  },
  {
    name: "report",
    usage: "[options]",
    summary: "conversions and value of each channel or campaign, under one model or several",
    load: async () => (await import("./commands/reports/report.ts")).reportCommand,
  },
  {
    name: "conversion",
    usage: "[options] <id>",
    summary: "one conversion: its path, its credits, and the reasons of its revisions",
    load: async () => (await import("./commands/reports/conversion.ts")).conversionCommand,
  },
  {
    name: "counts",
    usage: "[options]",
    summary: "impressions, clicks, visits, conversions, reach and rates of each campaign",
    load: async () =>
      (await import("./commands/reports/journey-reports.ts")).journeyReportCommand("counts"),
  },
  {
    name: "paths",
    usage: "[options]",
    summary: "the most frequent paths to conversion",
    load: async () =>
      (await import("./commands/reports/journey-reports.ts")).journeyReportCommand("paths"),
  },
  {
    name: "assists",
    usage: "[options]",
    summary: "conversions in which each channel came first, last, or in between",
    load: async () =>
      (await import("./commands/reports/journey-reports.ts")).journeyReportCommand("assists"),
  },
  {
    name: "time-to-convert",
    usage: "[options]",
    summary: "days and touchpoints from the first touchpoint to the conversion",
    load: async () =>
      (await import("./commands/reports/journey-reports.ts")).journeyReportCommand(
        "time-to-convert",
      ),
  },
  {
    name: "changes",
    usage: "[options]",
    summary:
      "causes of a report's changes since a time: new conversions, late touchpoints, refunds, merges",
    load: async () =>
      (await import("./commands/reports/journey-reports.ts")).journeyReportCommand("changes"),
  },
  {
    name: "cost",
    usage: "[options]",
    summary: "spend and its return: ROAS, cost per conversion and per click",
    load: async () =>
      (await import("./commands/reports/journey-reports.ts")).journeyReportCommand("cost"),
  },
  {
    name: "spend",
    usage: "",
    summary: "advertising spend by day and campaign: import, list",
    load: async () => (await import("./commands/data/imports.ts")).spendCommand,
  },
  {
    name: "rates",
    usage: "",
    summary: "exchange rates by day: import, list",
    load: async () => (await import("./commands/data/imports.ts")).ratesCommand,
  },
  {
    name: "export",
    usage: "[options] <what>",
    summary: "all stored data: original events, conversions, or credits",
    load: async () => (await import("./commands/data/export.ts")).exportCommand,
  },
  {
    name: "tenants",
    usage: "",
    summary: "tenants' settings: check a file of them",
    load: async () => (await import("./commands/operate/tenants.ts")).tenantsCommand,
  },
  {
    name: "link",
    usage: "[options] <address>",
    summary: "make a tracking link whose target is encoded, or check one",
    load: async () => (await import("./commands/operate/link.ts")).linkCommand,
  },
  {
    name: "keys",
    usage: "",
    summary: "API keys of tenants: create, list, rotate, revoke, open",
    load: async () => (await import("./commands/operate/keys.ts")).keysCommand,
  },
  {
    name: "erase",
    usage: "[options]",
    summary: "erase a person: all events accepted from them so far, permanently",
    load: async () => (await import("./commands/data/erasures.ts")).eraseCommand,
  },
  {
    name: "erasures",
    usage: "[options]",
    summary: "requested erasures, newest first, with their state",
    load: async () => (await import("./commands/data/erasures.ts")).erasuresCommand,
  },
  {
    name: "lag",
    usage: "[options]",
    summary: "entries that wait to be attributed and loaded, their drain rate, and dead letters",
    load: async () => (await import("./commands/operate/lag.ts")).lagCommand,
  },
  {
    name: "doctor",
    usage: "[options]",
    summary: "what is wrong with the platform, what it means, and what mends it",
    load: async () => (await import("./commands/operate/doctor.ts")).doctorCommand,
  },
  {
    name: "groups",
    usage: "[options]",
    summary: "members of the consumer groups, their partitions and last commits; drain a worker",
    load: async () => (await import("./commands/operate/groups.ts")).groupsCommand,
  },
  {
    name: "dead-letters",
    usage: "",
    summary: "entries that could not be processed: list, show, replay, discard",
    load: async () => (await import("./commands/operate/dead-letters.ts")).deadLettersCommand,
  },
  {
    name: "webhooks",
    usage: "",
    summary:
      "deliveries to receivers: list waiting and dead ones, retry, discard, clear, test, stop",
    load: async () => (await import("./commands/operate/webhooks.ts")).webhooksCommand,
  },
  {
    name: "warehouse",
    usage: "",
    summary: "adopt a warehouse: the reports load it in place of the former one",
    load: async () => (await import("./commands/operate/warehouse.ts")).warehouseCommand,
  },
  {
    name: "books",
    usage: "[options]",
    summary: "the account of every accepted event, by tenant and partition, and whether it closes",
    load: async () => (await import("./commands/operate/books.ts")).booksCommand,
  },
  {
    name: "audit",
    usage: "[options]",
    summary: "compare every conversion's result with one recomputed from the stored facts",
    load: async () => (await import("./commands/reports/audit.ts")).auditCommand,
  },
  {
    name: "bench",
    usage: "[options]",
    summary:
      "measure throughput, latency and cost of a platform of its own; every event is counted",
    load: async () => (await import("./commands/measure/bench.ts")).benchCommand,
  },
  {
    name: "chaos",
    usage: "[options]",
    summary: "inject faults into a platform of its own under load, and judge every event",
    load: async () => (await import("./commands/measure/chaos.ts")).chaosCommand,
  },
  {
    name: "accuracy",
    usage: "[options] <dir>",
    summary: "compare the models with reference data: expected, got and difference of every figure",
    load: async () => (await import("./commands/measure/accuracy.ts")).accuracyCommand,
  },
];
