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

A platform's facts and results are loaded into one warehouse: each of two would hold only a part. The reports service
refuses another warehouse, and an empty one once the platform has been loaded.`,
  );
  addAdopt(command, context);
}

function addAdopt(parent: Command, context: CommandContext): void {
  const command = parent
    .command("adopt")
    .description(
      "load this warehouse in place of the former one, from the next start of the reports on",
    )
    .option("--reload", "load the facts and results that Redis still holds again")
    .option("--clickhouse <url>", "ClickHouse server, instead of the data folder", httpUrl)
    .option("--json", "print the answer as one JSON object");
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
  // Imported here because it loads the database engine.
  const { adoptWarehouse } = await import("@tributary/reports");
  const location: WarehouseLocation =
    flags.clickhouse === undefined ? { dataDir: flags.data } : { clickhouseUrl: flags.clickhouse };
  try {
    await adoptWarehouse(location, adoption);
  } catch (error) {
    throw new CliError("refused", `the warehouse cannot be adopted: ${describeError(error)}`);
  }
}
