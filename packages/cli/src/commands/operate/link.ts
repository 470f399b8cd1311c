import { LINK_FIELDS, QUERY_ONLY, strayParameters, unreadUtm } from "@tributary/protocol";
import type { Command } from "commander";
import { CliError, EXIT } from "../../errors.ts";
import type { CommandContext } from "../../context.ts";

/** A link's own parameters, as options. */
const OPTIONS: Readonly<Record<keyof typeof LINK_FIELDS, string>> = {
  source: "source of the click, where the target's UTM parameters do not say",
  medium: "medium of the click",
  campaign: "campaign of the click",
  term: "term of the click",
  content: "content of the click",
  channel: "channel of the click, in place of the rules'",
  uid: "userId of who gets the link",
  aid: "anonymousId of who gets the link",
};

type Flags = Readonly<Partial<Record<keyof typeof LINK_FIELDS, string>>> & {
  readonly key?: string;
  readonly gateway: string;
  readonly json?: true;
};

/** What the command says about a link. */
interface Said {
  readonly link: string;
  readonly target: string;
  /** The link's own parameters. */
  readonly own: Readonly<Record<string, string>>;
  readonly problems: readonly string[];
}

export function linkCommand(command: Command, context: CommandContext): void {
  const { terminal } = context;
  command
    .argument("<address>", "address that the link is to lead to, or a link to check")
    .option("--key <key>", "write key of the link")
    .option(
      "--gateway <url>",
      "address of the gateway as visitors reach it",
      "http://127.0.0.1:8080",
    );
  for (const [name, description] of Object.entries(OPTIONS)) {
    command.option(`--${name} <text>`, description);
  }
  command
    .option("--json", "print the answer as one JSON object")
    .addHelpText(
      "after",
      `
Examples:
  tributary link 'https://shop.example/?utm_source=news&utm_medium=email' --key KEY --gateway https://events.shop.example
  tributary link 'https://events.shop.example/c/KEY?url=https://shop.example/?utm_source=a&utm_medium=b'

Makes a tracking link, whose target is encoded, or checks one. Exit code: 1 where the link loses parameters of its target, or
the target has UTM parameters that are not read.`,
    )
    .action((address: string, flags: Flags) => {
      const said = isLink(address) ? checked(address) : made(address, flags);
      if (flags.json === true) terminal.print(JSON.stringify(said));
      else terminal.print(inWords(said, isLink(address)));
      if (said.problems.length > 0) context.exit(EXIT.failed);
    });
}

function isLink(address: string): boolean {
  const url = URL.parse(address);
  return url !== null && /^\/c\/[^/]+$/.test(url.pathname) && url.searchParams.has("url");
}

function made(address: string, flags: Flags): Said {
  const target = webAddress(address, "the target");
  if (flags.key === undefined) {
    throw new CliError("usage", "--key: expected the write key that the link is to carry");
  }
  const link = webAddress(flags.gateway, "--gateway");
  link.pathname = `${link.pathname.replace(/\/$/, "")}/c/${encodeURIComponent(flags.key)}`;
  link.search = "";
  link.searchParams.set("url", target.href);
  for (const name of Object.keys(LINK_FIELDS) as (keyof typeof LINK_FIELDS)[]) {
    const text = flags[name];
    if (text !== undefined) link.searchParams.set(name, text);
  }
  return { link: link.href, ...described(link), problems: problemsOf(target.href) };
}

function checked(address: string): Said {
  const link = new URL(address);
  const stray = strayParameters(address.slice(address.indexOf("?") + 1));
  const target = webAddress(link.searchParams.get("url") ?? "", "the link's url");
  const said = described(link);
  if (stray === undefined) return { link: link.href, ...said, problems: problemsOf(target.href) };
  const names = stray.texts.map((text) => text.split("=", 1).join("")).join(", ");
  const why =
    stray.reason === "unencoded"
      ? `the target is not encoded: the link takes ${names} from it`
      : `${names} stand in the link and not in its target`;
  return {
    link: link.href,
    ...said,
    problems: [
      `${why}; the gateway gives them back to the target, except where it has them`,
      ...problemsOf(target.href),
    ],
  };
}

/** The target of a link, and its own parameters. */
function described(link: URL): Pick<Said, "target" | "own"> {
  const own = Object.keys(LINK_FIELDS).flatMap((name) => {
    const text = link.searchParams.get(name);
    return text === null ? [] : [[name, text] as const];
  });
  return { target: link.searchParams.get("url") ?? "", own: Object.fromEntries(own) };
}

function problemsOf(target: string): string[] {
  return unreadUtm(target, QUERY_ONLY).map(
    ({ parameter, place }) =>
      `${parameter} of the target is ${place === "fragments" ? "in its fragment" : "behind &amp;"}, where it is not read unless the tenant's setting utm says so`,
  );
}

function webAddress(text: string, name: string): URL {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new CliError(
      "usage",
      `${name}: expected a whole address that begins with https:// or http://`,
    );
  }
  return url;
}

function inWords({ link, target, own, problems }: Said, isChecked: boolean): string {
  if (!isChecked) return [link, ...problems].join("\n");
  const lines = [
    `target  ${target}`,
    ...Object.entries(own).map(([name, text]) => `${name}  ${text}`),
  ];
  return [...lines, ...(problems.length === 0 ? ["The link is right."] : problems)].join("\n");
}
