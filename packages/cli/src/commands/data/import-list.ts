/** `imports`: what was imported, and taking it back. */
import type { Command } from "commander";
import { ImportClient } from "../../client/import-client.ts";
import type { CommandContext } from "../../context.ts";
import { addReportsOptions, onReports, type ReportsFlags } from "../../options/reports.ts";
import { plainTable } from "../../report/table.ts";
import { figure } from "../../terminal/figures.ts";
import { safeTextWithin } from "../../terminal/terminal.ts";
import type { ImportAnswer } from "@tributary/reports/answers";

const FILE_CHARACTERS = 40;
const KEY = "import key (default: TRIBUTARY_IMPORT_KEY)";

export function importsCommand(command: Command, context: CommandContext): void {
  const list = command
    .command("list", { isDefault: true })
    .description("list imports, newest first");
  addReportsOptions(list, KEY).action(async (flags: ReportsFlags) =>
    onReports(flags, context, "importKey", async (reports) => {
      const imports = await new ImportClient(reports).list();
      if (flags.json === true) return JSON.stringify({ imports });
      return imports.length === 0 ? "Nothing imported." : renderImports(imports);
    }),
  );
  const undo = command
    .command("undo")
    .description("take an import of spend or rates back; what it had replaced is valid again")
    .argument("<id>", "of the import, as the list shows it");
  addReportsOptions(undo, KEY).action(async (id: string, flags: ReportsFlags) =>
    onReports(flags, context, "importKey", async (reports) => {
      const undone = await new ImportClient(reports).undo(id);
      if (flags.json === true) return JSON.stringify(undone);
      return `${figure(undone.rows - undone.refusedRows)} rows of ${safeTextWithin(FILE_CHARACTERS, undone.file)} are gone.`;
    }),
  );
}

function renderImports(imports: readonly ImportAnswer[]): string {
  const rows = imports.map((one) => [
    one.import,
    new Date(one.begunAt).toISOString(),
    one.kind,
    one.state,
    safeTextWithin(FILE_CHARACTERS, one.file),
    ...[one.rows, one.newRows, one.presentRows, one.differingRows, one.refusedRows].map(figure),
  ]);
  const head = ["import", "begun", "kind", "state", "file"];
  const figures = ["rows", "new", "there before", "differing", "refused"];
  return plainTable([...head, ...figures], head.length, rows, false);
}
