import type { Tenants } from "@tributary/tenants";
import type { Command } from "commander";
import { CliError } from "../../errors.ts";
import type { CommandContext } from "../../context.ts";

export function tenantsCommand(command: Command, { terminal }: CommandContext): void {
  command
    .command("check <file>")
    .description("check a file of tenants' settings and summarise it")
    .option("--json", "print the answer as one JSON object")
    .addHelpText(
      "after",
      `
Examples:
  tributary tenants check tenants.json
  TRIBUTARY_TENANTS_FILE=tenants.json tributary up

Every service reads the file when it starts; the digest in its first log line identifies the file. Exit code: 1
where the file is invalid.`,
    )
    .action(async (file: string, flags: { readonly json?: true }) => {
      const tenants = await read(file);
      const { digest, byName } = tenants;
      terminal.print(
        flags.json === true
          ? JSON.stringify({ digest, tenants: Object.fromEntries(byName) })
          : summary(tenants),
      );
    });
}

async function read(file: string): Promise<Tenants> {
  const [{ EnvironmentError }, { readTenants }] = await Promise.all([
    import("@tributary/service"),
    import("@tributary/tenants"),
  ]);
  try {
    return readTenants("tenants' settings", file);
  } catch (error) {
    if (!(error instanceof EnvironmentError)) throw error;
    throw new CliError("file", error.message);
  }
}

/** A line a tenant: which settings it has. */
function summary({ digest, byName }: Tenants): string {
  const lines = [...byName].map(([name, settings]) => {
    const own = Object.entries(settings).map(([setting, value]) => {
      if (Array.isArray(value)) return `${setting} (${value.length})`;
      if (typeof value !== "object") return `${setting} ${String(value)}`;
      return `${setting} (${Object.keys(value).join(", ")})`;
    });
    return `  ${name.padEnd(16)} ${own.join(", ") || "the defaults"}`;
  });
  const count = byName.size === 1 ? "1 tenant" : `${byName.size} tenants`;
  return [`${count}, digest ${digest}`, ...lines].join("\n");
}
