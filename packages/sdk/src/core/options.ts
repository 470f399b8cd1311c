import { Sender, type Keeper, type SenderOptions } from "./sender.ts";
import type { OnProblem } from "./problem.ts";

/** What both clients are set up with. docs/sdk.md has the table. */
export type ClientOptions = Partial<Omit<SenderOptions, "url" | "onProblem" | "keepalive">> & {
  /** The gateway: `https://events.shop.example`. */
  readonly url: string;
  /** Told of what is lost or has to wait, and why. */
  readonly onProblem?: OnProblem | undefined;
};

/** What holds where the options say nothing. */
export type SenderDefaults = Omit<SenderOptions, "url" | "onProblem">;

/**
 * @throws TypeError that names the option, what was given and what is allowed
 */
export function createSender(
  options: ClientOptions & Pick<SenderOptions, "onProblem">,
  defaults: SenderDefaults,
  keeper?: Keeper,
): Sender {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  const all = { ...defaults, ...Object.fromEntries(given) } as SenderOptions;
  const url = /^https?:\/\/[^/]/.test(all.url) ? all.url.replace(/\/+$/, "") : undefined;
  if (url === undefined) {
    throw new TypeError(`url: expected http(s)://…, got ${JSON.stringify(all.url)}`);
  }
  for (const [name, value] of Object.entries(defaults)) {
    const got: unknown = all[name as keyof SenderOptions];
    if (typeof value !== "number" || (Number.isSafeInteger(got) && (got as number) > 0)) continue;
    throw new TypeError(`${name}: expected a whole number above 0, got ${String(got)}`);
  }
  return new Sender({ ...all, url }, keeper);
}
