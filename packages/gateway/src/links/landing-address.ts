import { type LinkQuery, linkText } from "./link-event.ts";

/** Where the target's page finds the click's ID. */
const CLICK_ID_PARAMETER = "tclid";
/** Parameters of a link that describe its click, by the parameter in which the page gets each. */
const LANDING_PARAMETERS = {
  utm_source: "source",
  utm_medium: "medium",
  utm_campaign: "campaign",
  utm_term: "term",
  utm_content: "content",
  tchannel: "channel",
} as const;

/**
 * The address that a link leads to: its target with the click's ID, unless the target has one, and with the link's own fields
 * that the target does not set. A known visitor's page then tells what brought it, as the click does.
 * @param target which is changed
 */
export function landingAddress(target: URL, clickId: string, query: LinkQuery): string {
  for (const [parameter, field] of Object.entries(LANDING_PARAMETERS)) {
    const text = linkText(query, field);
    if (text !== "") addParameter(target, parameter, text);
  }
  addParameter(target, CLICK_ID_PARAMETER, clickId);
  return target.href;
}

function addParameter(target: URL, name: string, value: string): void {
  if ((target.searchParams.get(name) ?? "") !== "") return;
  // Appended as text: rewriting the query would change how the rest of it is written.
  target.search += `${target.search === "" ? "?" : "&"}${name}=${encodeURIComponent(value)}`;
}
