/** Parameters of a tracking link or pixel, by the event's field that each fills. */
export const LINK_FIELDS = {
  source: "source",
  medium: "medium",
  campaign: "campaign",
  term: "term",
  content: "content",
  channel: "channel",
  uid: "userId",
  aid: "anonymousId",
} as const;

/** Why parameters of a link are its target's. */
export type StrayReason = "unencoded" | "utm_on_link";

/** Parameters in a link's query that are its target's. */
export interface StrayParameters {
  readonly reason: StrayReason;
  /** `name=value`, as they are written. */
  readonly texts: readonly string[];
}

const OWN: ReadonlySet<string> = new Set(["url", "key", ...Object.keys(LINK_FIELDS)]);
const UTM = /^utm_(?:source|medium|campaign|term|content|id)$/;
const ESCAPED = /^(?:amp;)+/;

/**
 * Finds the parameters in a link's query that are its target's. A target that was not encoded loses all but its first parameter
 * to the link (`url=https://shop.example/?a=1&b=2`); a mailing's automatic tagging appends `utm_…` to the link. Neither can be
 * meant for the link, which has no such parameters. A target's parameter of a name that the link has (`source`) stays the link's.
 * @param query without the question mark, as it was sent
 */
export function strayParameters(query: string): StrayParameters | undefined {
  const segments = query.split("&");
  const target = segments.findIndex((segment) => segment.startsWith("url="));
  if (target < 0) return undefined;
  const isUnencoded = segments[target]?.includes("://") === true;
  const texts = segments.flatMap((segment, i) => {
    const text = segment.replace(ESCAPED, "");
    const [name = ""] = text.split("=", 1);
    if (i === target || name === "" || OWN.has(name)) return [];
    return (isUnencoded && i > target) || UTM.test(name) ? [text] : [];
  });
  if (texts.length === 0) return undefined;
  return { reason: isUnencoded ? "unencoded" : "utm_on_link", texts };
}

/** Puts stray parameters into their target, except those that it has. @returns names of those that were put in */
export function restoreStray(target: URL, { texts }: StrayParameters): string[] {
  const restored: string[] = [];
  for (const text of texts) {
    const [name = ""] = text.split("=", 1);
    if (target.searchParams.has(name)) continue;
    // Appended as text: rewriting the query would change how the rest of it is written.
    target.search += `${target.search === "" ? "?" : "&"}${text}`;
    restored.push(name);
  }
  return restored;
}
