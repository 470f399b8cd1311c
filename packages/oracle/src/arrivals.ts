/** Which visits are arrivals, written plainly over a whole path; docs/models.md, "Arrivals", has the rules. */

/** How long a session lasts behind its last click or visit, ms; or that every visit counts. */
export type PlainSessionGap = number | "every_visit";

/** The fields of a touchpoint that say where it came from. */
export interface Arriving {
  readonly id: string;
  readonly type: string;
  /** ms since 1970. */
  readonly time: number;
  readonly channel?: string;
  readonly source?: string;
  readonly medium?: string;
  readonly campaign?: string;
  readonly referrer?: string;
  readonly url?: string;
}

/** The click identifiers of docs/models.md. */
const CLICK_IDS = (
  "dclid gad_source gclid gbraid wbraid msclkid yclid ttclid twclid li_fat_id rdt_cid ScCid qclid dicbo tblci " +
  "irclickid cjevent awc mc_eid fbclid epik igshid"
).split(" ");

/** The touchpoints of a path that stay on it. @param path in path order */
export function withoutWhatGoesOn<Touch extends Arriving>(
  path: readonly Touch[],
  gap: PlainSessionGap,
): readonly Touch[] {
  if (gap === "every_visit") return path;
  return path.filter((touch, i) => {
    if (touch.type !== "visit") return true;
    const click = parameter(touch.url, "tclid");
    if (click !== undefined) return isFirstOfLink(path, i, click);
    const earlier = earlierInSession(path, i, gap);
    if (earlier.length === 0) return true;
    if (touch.channel === "direct") return false;
    const known = earlier.filter(({ channel }) => channel !== "direct");
    return isByReferrer(touch)
      ? !known.some((one) => hostOf(one) === hostOf(touch))
      : !known.some((one) => signatureOf(one) === signatureOf(touch));
  });
}

/** Whether no other touchpoint stands for the click of a link: not the click itself, nor a landing page before. */
function isFirstOfLink(path: readonly Arriving[], at: number, click: string): boolean {
  if (path.some(({ id, type }) => type === "click" && id === click)) return false;
  return !path
    .slice(0, at)
    .some(({ type, url }) => type === "visit" && parameter(url, "tclid") === click);
}

/** The clicks and visits of the session before a visit, newest first. */
function earlierInSession(path: readonly Arriving[], at: number, gap: number): Arriving[] {
  const session: Arriving[] = [];
  let next = path[at];
  for (const one of path.slice(0, at).toReversed()) {
    if (one.type === "impression") continue;
    if (next === undefined || next.time - one.time > gap) break;
    session.push(one);
    next = one;
  }
  return session;
}

function isTagged({ source, medium, campaign }: Arriving): boolean {
  return Boolean(source) || Boolean(medium) || Boolean(campaign);
}

function isByReferrer(touch: Arriving): boolean {
  const hasClickId = CLICK_IDS.some((name) => parameter(touch.url, name) !== undefined);
  return !isTagged(touch) && hostOf(touch) !== "" && !hasClickId;
}

function signatureOf(touch: Arriving): string {
  const { channel = "", source = "", medium = "", campaign = "" } = touch;
  const more = isTagged(touch) ? [source, medium, campaign] : [hostOf(touch)];
  return JSON.stringify([channel, isTagged(touch), ...more]).toLowerCase();
}

/** Host of the referrer, an address or a bare host, without `www.`; "" for none. */
function hostOf({ referrer = "" }: Arriving): string {
  const address = referrer.includes("//") ? referrer : `https://${referrer}`;
  return URL.parse(address)?.hostname.replace(/^www\./, "") ?? "";
}

/** The first value of a query's parameter that is not empty. */
function parameter(url: string | undefined, name: string): string | undefined {
  const query = (url ?? "").split("#")[0]?.split("?").slice(1).join("?") ?? "";
  return new URLSearchParams(query).getAll(name).find((value) => value !== "");
}
