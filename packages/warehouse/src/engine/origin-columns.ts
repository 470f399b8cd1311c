/** Names of click identifiers when the columns were added: the loader knows those of now. */
const CLICK_IDS =
  "gclid|gbraid|wbraid|dclid|gad_source|msclkid|yclid|ttclid|twclid|li_fat_id|rdt_cid|ScCid|qclid|dicbo|tblci|irclickid|cjevent|awc|mc_eid|fbclid|epik|igshid";
const IS_CLICK_OR_VISIT = "type IN ('click', 'visit')";

/**
 * SQL that adds where clicks and visits came from, which tells arrivals from visits that go on with one. The loader writes the
 * columns; rows of an earlier version have them by the expressions, which read an address as well as SQL can.
 */
export function originColumns(table: string): string {
  return `ALTER TABLE ${table}
  ADD COLUMN IF NOT EXISTS referrer_host LowCardinality(String) DEFAULT if(${IS_CLICK_OR_VISIT}, domainWithoutWWW(lower(referrer)), '') COMMENT 'of a click or visit, without www.',
  ADD COLUMN IF NOT EXISTS has_click_id Bool DEFAULT ${IS_CLICK_OR_VISIT} AND match(url, '[?&](${CLICK_IDS})=[^&#]') COMMENT 'the url of a click or visit has a click identifier',
  ADD COLUMN IF NOT EXISTS link_click String DEFAULT if(type = 'visit', decodeURLFormComponent(extractURLParameter(url, 'tclid')), '') COMMENT 'ID of the click of a tracking link that led to a visit'`;
}
