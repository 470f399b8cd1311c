/** The commands, in the order of the help. */
import type { Command } from "commander";
import type { CommandContext } from "./context.ts";

/** Adds options, arguments, subcommands and the action to a command that has its name and summary. */
export type CommandDefinition = (command: Command, context: CommandContext) => void;

/** What the help shows of a command, and where the rest of it is: that is loaded when the command is called. */
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
      "run the platform, play the bundled sample through it, show its attribution (npm start)",
    load: async () => (await import("./commands/run/start.ts")).startCommand,
  },
  {
    name: "up",
    usage: "[options]",
    summary:
      "run the platform: Redis (unless REDIS_URL is set), gateway, workers, reports, and webhooks where they are set, until Ctrl-C",
    load: async () => (await import("./commands/run/up.ts")).upCommand,
  },
  {
    name: "replay",
    usage: "[options] <file>",
    summary: "send the events of a file through the gateway, and wait until all is attributed",
    load: async () => (await import("./commands/data/replay.ts")).replayCommand,
  },
  {
    name: "report",
    usage: "[options]",
    summary: "what each channel or campaign earned, under one model or several",
    load: async () => (await import("./commands/reports/report.ts")).reportCommand,
  },
  {
    name: "conversion",
    usage: "[options] <id>",
    summary: "one conversion: its path, its credits, and why its numbers changed",
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
    summary: "the paths that most conversions took",
    load: async () =>
      (await import("./commands/reports/journey-reports.ts")).journeyReportCommand("paths"),
  },
  {
    name: "assists",
    usage: "[options]",
    summary: "in how many conversions each channel was first, last, or on the way",
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
      "what changed a report since a time: new conversions, late touchpoints, refunds, merges",
    load: async () =>
      (await import("./commands/reports/journey-reports.ts")).journeyReportCommand("changes"),
  },
  {
    name: "cost",
    usage: "[options]",
    summary: "what was spent and what it earned: ROAS, cost per conversion and per click",
    load: async () =>
      (await import("./commands/reports/journey-reports.ts")).journeyReportCommand("cost"),
  },
  {
    name: "spend",
    usage: "",
    summary: "what was spent: import it by day and campaign, list it",
    load: async () => (await import("./commands/data/imports.ts")).spendCommand,
  },
  {
    name: "rates",
    usage: "",
    summary: "rates of currencies: import them by day, list them",
    load: async () => (await import("./commands/data/imports.ts")).ratesCommand,
  },
  {
    name: "export",
    usage: "[options] <what>",
    summary: "everything that is stored: events as they were sent, conversions, or credits",
    load: async () => (await import("./commands/data/export.ts")).exportCommand,
  },
  {
    name: "tenants",
    usage: "",
    summary: "what tenants want otherwise",
    load: async () => (await import("./commands/operate/tenants.ts")).tenantsCommand,
  },
  {
    name: "keys",
    usage: "",
    summary: "API keys of tenants: create, list, rotate, revoke",
    load: async () => (await import("./commands/operate/keys.ts")).keysCommand,
  },
  {
    name: "erase",
    usage: "[options]",
    summary: "have a person erased: all that was accepted of them until now, for good",
    load: async () => (await import("./commands/data/erasures.ts")).eraseCommand,
  },
  {
    name: "erasures",
    usage: "[options]",
    summary: "the erasures that were asked for, newest first, and what became of them",
    load: async () => (await import("./commands/data/erasures.ts")).erasuresCommand,
  },
  {
    name: "lag",
    usage: "[options]",
    summary: "what still waits to be attributed and loaded, how fast it drains, what was set aside",
    load: async () => (await import("./commands/operate/lag.ts")).lagCommand,
  },
  {
    name: "groups",
    usage: "[options]",
    summary: "who is in the consumer groups, what they own, when each last got on",
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
      "deliveries to receivers: list what waits and what is dead, retry, discard, clear, test",
    load: async () => (await import("./commands/operate/webhooks.ts")).webhooksCommand,
  },
  {
    name: "warehouse",
    usage: "",
    summary: "adopt: have this warehouse loaded in place of another one",
    load: async () => (await import("./commands/operate/warehouse.ts")).warehouseCommand,
  },
  {
    name: "books",
    usage: "[options]",
    summary:
      "what became of every accepted event, per tenant and partition, and whether it adds up",
    load: async () => (await import("./commands/operate/books.ts")).booksCommand,
  },
  {
    name: "audit",
    usage: "[options]",
    summary: "every conversion's result, held against one recomputed from the stored facts",
    load: async () => (await import("./commands/reports/audit.ts")).auditCommand,
  },
  {
    name: "bench",
    usage: "[options]",
    summary: "measure a platform of its own: throughput, latency and cost, every event counted",
    load: async () => (await import("./commands/measure/bench.ts")).benchCommand,
  },
  {
    name: "chaos",
    usage: "[options]",
    summary:
      "kill, stop and cut off a platform of its own under load, and judge every event it was given",
    load: async () => (await import("./commands/measure/chaos.ts")).chaosCommand,
  },
  {
    name: "accuracy",
    usage: "[options] <dir>",
    summary: "the models against reference data: expected, got and difference of every figure",
    load: async () => (await import("./commands/measure/accuracy.ts")).accuracyCommand,
  },
];
