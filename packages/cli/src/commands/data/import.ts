/** `import`: a real export of events, spend or rates. */
import { CHARSETS, DELIMITERS, fieldNamed, KINDS, type Kind } from "@tributary/imports";
import { type Command, InvalidArgumentError, Option } from "commander";
import type { CommandContext } from "../../context.ts";
import type { ImportFlags } from "../../import/flags.ts";
import { addDataOption } from "../../options/data-folder.ts";
import { httpUrl, integer } from "../../options/parsers.ts";

export function importCommand(command: Command, context: CommandContext): void {
  command
    .argument(
      "<file>",
      "CSV, JSON lines or XLSX, in whatever charset, with whatever delimiter, also compressed; - is standard input",
    )
    .addOption(
      new Option("--kind <kind>", "what the file holds (default: by its columns)").choices(KINDS),
    );
  addMappingOptions(command);
  command
    .option(
      "--url <url>",
      "gateway to send to (default: that of the platform on --data, which is started if none runs)",
      httpUrl,
    )
    .option(
      "--reports-url <url>",
      "reports with the ledger (default: those of the same platform)",
      httpUrl,
    )
    .option("--key <key>", "write key (default: TRIBUTARY_KEY)")
    .option("--import-key <key>", "import key of the ledger (default: TRIBUTARY_IMPORT_KEY)")
    .option(
      "--read-key <key>",
      "read key, to wait until all is attributed (default: TRIBUTARY_READ_KEY)",
    )
    .option("--batch <n>", "events per request", integer(1, 10_000), 2000)
    .option("--concurrency <n>", "concurrent requests", integer(1, 64), 4)
    .option(
      "--timeout <seconds>",
      "give up after this long (default: never)",
      integer(1, 31_536_000),
    )
    .option("--dry-run", "check the whole file, and send nothing");
  addFileOptions(command);
  addDataOption(command)
    .addHelpText("after", HELP)
    .action(async (file: string, flags: ImportFlags) => {
      const { importFile } = await import("../../import/import-file.ts");
      await importFile(file, flags, context);
    });
}

/** Options of how a file is mapped. */
export function addMappingOptions(command: Command): Command {
  return command
    .option("--mapping <file>", "the mapping, as --save-mapping writes it")
    .option("--save-mapping <file>", "write the mapping to a file")
    .option("--preset <name>", "read it as the export of a tool; none for by its columns alone")
    .option("--propose", "propose a mapping, though one is remembered for these columns")
    .option(
      "--map <map>",
      "columns of fields: field=column or field=@constant, separated by commas",
      pairs("field=column"),
    )
    .option(
      "--value <word=meaning>",
      "what a cell means, such as lead=conversion, lost=skip or $=CAD; separated by commas",
      pairs("word=meaning"),
    )
    .option("--zone <zone>", "time zone of times without one, such as Europe/Berlin")
    .option("--currency <code>", "currency of amounts without one, ISO 4217")
    .addOption(
      new Option("--dates <order>", "order of dates such as 01/02/2026").choices([
        "day-first",
        "month-first",
      ]),
    )
    .addOption(
      new Option(
        "--decimal <mark>",
        "what separates the fraction of amounts such as 1.299",
      ).choices([".", ","]),
    )
    .addOption(
      new Option("--user-from <what>", "take rows without a customer, with this for one").choices([
        "order",
      ]),
    )
    .option("--keep-unmapped", "keep columns that fill no field as properties of the events");
}

/** Options of how a file is read and what becomes of its rows. */
export function addFileOptions(command: Command): Command {
  return command
    .option("-y, --yes", "accept a proposal that leaves nothing open")
    .option("--partly", "take the good rows of a file though others are refused")
    .option("--rejects <file>", "file for the refused rows (default: FILE.rejects.csv)")
    .addOption(new Option("--delimiter <mark>", "of CSV (default: found out)").choices(DELIMITERS))
    .addOption(new Option("--charset <name>", "(default: found out)").choices(CHARSETS))
    .option("--header-line <n>", "line of the header (default: found out)", integer(1, 1000))
    .option("--sheet <name>", "sheet of a workbook (default: the first)")
    .option("--json", "print the summary as one JSON object");
}

/** Parses `a=b,c=d`. @param form of a pair, for messages */
function pairs(form: string): (text: string) => ReadonlyMap<string, string> {
  return (text) => {
    const map = new Map<string, string>();
    for (const part of text.split(",")) {
      const at = part.indexOf("=");
      const name = part.slice(0, Math.max(at, 0)).trim();
      const value = part.slice(at + 1).trim();
      if (name === "" || value === "") {
        throw new InvalidArgumentError(`"${part}": expected ${form}.`);
      }
      map.set(form.startsWith("field") ? fieldOf(name) : name.toLowerCase(), value);
    }
    return map;
  };
}

function fieldOf(name: string): string {
  const field = KINDS.map((kind: Kind) => fieldNamed(kind, name)).find((one) => one !== undefined);
  if (field !== undefined) return field;
  throw new InvalidArgumentError(
    `"${name}" is no field of events, spend or rates, such as time, type, user, order, value, day or amount.`,
  );
}

const HELP = `
The whole file is checked before anything is sent. Where a row is refused nothing is sent, unless --partly; the refused rows
are in the reject file with their reasons, can be mended there and imported again. A row's ID follows from what it says, so the
same rows in a longer, shorter, mended or reordered file change nothing.

Examples:
  tributary import orders.csv
  tributary import orders.csv --zone Europe/Berlin --currency EUR --user-from order --yes
  tributary import orders.csv --zone Europe/Berlin --dry-run --save-mapping orders.json
  tributary import orders.csv.gz --mapping orders.json --partly
  tributary import google-ads.csv --kind spend --map source=@google,medium=@cpc --yes

Exit codes: 0 all rows are there, 1 rows were refused or the import failed, 2 something is left open, 130 stopped by Ctrl-C.`;
