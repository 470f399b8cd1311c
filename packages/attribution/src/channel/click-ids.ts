import type { Site } from "./channels.ts";

/** The kind of click that a click identifier in a landing page's query stands for. */
export interface ClickId {
  /** The query parameter, as the platform writes it (they tell upper from lower case). */
  readonly param: string;
  /** Whether the platform puts it on advertisements only. */
  readonly paid: boolean;
  /** Kind of site that the click came from, where the platform is not more specific. */
  readonly site: Site | undefined;
}

/**
 * Click identifiers, those of advertisements first: where a URL carries several, the first of this table
 * counts.
 *
 * `fbclid`, `epik` and `igshid` are on links from Facebook, Pinterest and Instagram whether paid or not.
 * `gad_source` is 1 for a search advertisement and something else for one that Google placed elsewhere,
 * so it goes before `gclid`, which does not tell.
 *
 * Source: each platform's documentation of its auto-tagging, such as Google Ads'
 * https://support.google.com/searchads/answer/7342044.
 */
export const CLICK_IDS: readonly ClickId[] = [
  { param: "dclid", paid: true, site: "display" },
  { param: "gad_source", paid: true, site: "search" },
  { param: "gclid", paid: true, site: "search" },
  { param: "gbraid", paid: true, site: "search" },
  { param: "wbraid", paid: true, site: "search" },
  { param: "msclkid", paid: true, site: "search" },
  { param: "yclid", paid: true, site: "search" },
  { param: "ttclid", paid: true, site: "social" },
  { param: "twclid", paid: true, site: "social" },
  { param: "li_fat_id", paid: true, site: "social" },
  { param: "rdt_cid", paid: true, site: "social" },
  { param: "ScCid", paid: true, site: "social" },
  { param: "qclid", paid: true, site: "social" },
  { param: "dicbo", paid: true, site: undefined },
  { param: "tblci", paid: true, site: undefined },
  { param: "irclickid", paid: false, site: "affiliates" },
  { param: "cjevent", paid: false, site: "affiliates" },
  { param: "awc", paid: false, site: "affiliates" },
  { param: "mc_eid", paid: false, site: "email" },
  { param: "fbclid", paid: false, site: "social" },
  { param: "epik", paid: false, site: "social" },
  { param: "igshid", paid: false, site: "social" },
];

/** `gad_source` of a Google advertisement outside the search results. */
const GAD_ELSEWHERE: ClickId = { param: "gad_source", paid: true, site: undefined };

const RANKS: ReadonlyMap<string, number> = new Map(
  CLICK_IDS.map((clickId, rank) => [clickId.param, rank]),
);

/** Where a parameter stands in the table, or undefined where it is no click identifier. */
export function clickIdRank(param: string): number | undefined {
  return RANKS.get(param);
}

export function clickIdAt(rank: number, value: string): ClickId | undefined {
  const clickId = CLICK_IDS[rank];
  return clickId?.param === "gad_source" && value !== "1" ? GAD_ELSEWHERE : clickId;
}
