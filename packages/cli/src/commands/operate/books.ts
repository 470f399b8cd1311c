import type { Books } from "@tributary/streams";
import { MAX_PARTITIONS } from "@tributary/protocol";
import type { Command } from "commander";
import { EXIT } from "../../errors.ts";
import { integer } from "../../options/parsers.ts";
import type { CommandContext } from "../../context.ts";
import { renderBooks, type BooksReport } from "../../report/operate/books-table.ts";
import { choosePartitions } from "../../options/choose-partitions.ts";
import { addRedisOptions, onRedis, type RedisFlags } from "../../options/redis.ts";

interface BooksFlags extends RedisFlags {
  readonly tenant?: string;
  readonly partition?: number;
}

export function booksCommand(command: Command, context: CommandContext): void {
  command
    .option("--tenant <name>", "only this tenant")
    .option("--partition <n>", "only this partition", integer(0, MAX_PARTITIONS - 1));
  addRedisOptions(command)
    .addHelpText(
      "after",
      `
Examples:
  tributary books
  tributary books --tenant default --partition 3
  tributary books --json | jq .closed

The books close when accepted = duplicate + processed + dead-lettered + dropped; the difference is the residue. Exit
code: 1 where a residue is not 0.`,
    )
    .action(async (flags: BooksFlags) => {
      const report = await onRedis(flags, context, async ({ client, partitions }) => {
        const { readBooks } = await import("@tributary/streams");
        const books = await readBooks(client, choosePartitions(partitions, flags.partition));
        return reportOf(books, flags.tenant);
      });
      context.terminal.print(flags.json === true ? JSON.stringify(report) : renderBooks(report));
      if (!report.closed) context.exit(EXIT.failed);
    });
}

async function reportOf(books: Books, tenant: string | undefined): Promise<BooksReport> {
  const { totalBooks } = await import("@tributary/streams");
  const tenants = books.tenants.filter((of) => tenant === undefined || of.tenant === tenant);
  // Entries are counted by partition, not by tenant.
  const partitions = tenant === undefined ? books.partitions : [];
  const closed = [...tenants, ...partitions].every(({ residue }) => residue === 0);
  return { tenants, partitions, total: totalBooks(tenants), closed };
}
