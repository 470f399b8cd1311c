import { readBooks, totalBooks, type Books } from "@tributary/streams";
import { MAX_PARTITIONS } from "@tributary/protocol";
import type { Command } from "commander";
import { EXIT } from "../../errors.ts";
import { integer } from "../../options/parsers.ts";
import type { CommandContext } from "../../program.ts";
import { renderBooks, type BooksReport } from "../../report/operate/books-table.ts";
import { choosePartitions } from "../../options/choose-partitions.ts";
import { addRedisOptions, onRedis, type RedisFlags } from "../../options/redis.ts";

interface BooksFlags extends RedisFlags {
  readonly tenant?: string;
  readonly partition?: number;
}

export function booksCommand(program: Command, context: CommandContext): void {
  const command = program
    .command("books")
    .description(
      "what became of every accepted event, per tenant and partition, and whether it adds up",
    )
    .option("--tenant <name>", "of one tenant")
    .option("--partition <n>", "of one partition", integer(0, MAX_PARTITIONS - 1));
  addRedisOptions(command)
    .addHelpText(
      "after",
      `
Examples:
  tributary books
  tributary books --tenant default --partition 3
  tributary books --json | jq .closed

accepted = duplicate + processed + dead-lettered + dropped, always; what is left is the residue. Exit code: 1
where one is not 0.`,
    )
    .action(async (flags: BooksFlags) => {
      const report = await onRedis(flags, context, async ({ client, partitions }) =>
        reportOf(
          await readBooks(client, choosePartitions(partitions, flags.partition)),
          flags.tenant,
        ),
      );
      context.terminal.print(flags.json === true ? JSON.stringify(report) : renderBooks(report));
      if (!report.closed) context.exit(EXIT.failed);
    });
}

function reportOf(books: Books, tenant: string | undefined): BooksReport {
  const tenants = books.tenants.filter((of) => tenant === undefined || of.tenant === tenant);
  // What entries held is not known by tenant.
  const partitions = tenant === undefined ? books.partitions : [];
  const closed = [...tenants, ...partitions].every(({ residue }) => residue === 0);
  return { tenants, partitions, total: totalBooks(tenants), closed };
}
