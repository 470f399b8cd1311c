import { Command, Help } from "commander";
import { expect, test } from "vitest";
import { COMMANDS } from "../src/command-list.ts";
import type { CommandContext } from "../src/context.ts";

test.each(COMMANDS)(
  "$name is listed with the options and arguments that its definition has",
  async ({ name, usage, summary, load }) => {
    const command = new Command("tributary").command(name).description(summary);
    // A definition only keeps the context for its action.
    (await load())(command, {} as CommandContext);
    expect(new Help().subcommandTerm(command)).toBe(`${name} ${usage}`.trimEnd());
    expect(command.description()).toBe(summary);
  },
);
