import { describeError } from "@tributary/platform/errors";
import type { Adoption, WarehouseLocation } from "@tributary/warehouse";
import type { Command } from "commander";
import type { CommandContext } from "../../context.ts";
import { CliError } from "../../errors.ts";
import { addDataOption } from "../../options/data.ts";
import { httpUrl } from "../../options/parsers.ts";

interface AdoptFlags {
  readonly reload?: true;
  readonly clickhouse?: string;
  readonly data: string;
  readonly json?: true;
}

export function warehouseCommand(command: Command, context: CommandContext): void {
  command.addHelpText(
    "after",
    `
Examples:
  tributary warehouse adopt --data /var/lib/tributary
  tributary warehouse adopt --reload
  tributary warehouse adopt --clickhouse http://127.0.0.1:8123

One warehouse loads the facts and results of a platform: with two, each would have a part of them. The reports service
refuses another warehouse, and an empty one where the platform was loaded before.`,
  );
  addAdopt(command, context);
}

function addAdopt(parent: Command, context: CommandContext): void {
  const command = parent
    .command("adopt")
    .description(
      "have the next start of the reports load this warehouse in place of the former one",
    )
    .option("--reload", "load again what Redis still holds of facts and results")
    .option("--clickhouse <url>", "a ClickHouse server instead of the data folder", httpUrl)
    .option("--json", "print one JSON object");
  addDataOption(command).action(async (flags: AdoptFlags) => {
    const adoption: Adoption = flags.reload === true ? "reload" : "keep";
    await adopt(flags, adoption);
    if (flags.json === true) context.terminal.print(JSON.stringify({ adoption }));
    else context.terminal.print(`${MEANING[adoption]}\n${NEXT}`);
  });
}

const MEANING: Readonly<Record<Adoption, string>> = {
  keep: "adopted: what was loaded into the former warehouse will be missing in this one; --reload loads again what Redis still holds",
  reload:
    "adopted: what Redis still holds is loaded again; facts older than the lookback window and the lateness, and results that were acknowledged, will be missing",
};
const NEXT =
  "It takes effect when the reports service starts on it, which logs what is still there; a service on the former warehouse ends then.";

async function adopt(flags: AdoptFlags, adoption: Adoption): Promise<void> {
  // Loaded when needed only: it brings the database engine along.
  const { adoptWarehouse } = await import("@tributary/reports");
  const location: WarehouseLocation =
    flags.clickhouse === undefined ? { dataDir: flags.data } : { clickhouseUrl: flags.clickhouse };
  try {
    await adoptWarehouse(location, adoption);
  } catch (error) {
    throw new CliError("refused", `the warehouse cannot be adopted: ${describeError(error)}`);
  }
}
