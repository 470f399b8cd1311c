/** Which field a column fills by its name, in the languages of the shops that were looked at. */
import { isCurrency } from "@tributary/protocol";
import type { EventField, Field, Kind, RateField, SpendField } from "./fields.ts";
import { plainName } from "./names.ts";

/** Names in the order of preference: of two columns the one whose name comes first fills the field. */
const EVENT_NAMES: Readonly<Record<EventField, string>> = {
  id: "event_id message_id insert_id",
  type: "type event_type event ereignis ereignistyp ereignisart evento tipo_de_evento evenement type_evenement gebeurtenis typ art tipo event_name action aktion",
  time: "time event_time event_timestamp timestamp ts datetime date_time zeitstempel zeitpunkt datum_uhrzeit datum_zeit original_timestamp occurred_at created_at created created_on date_created order_date order_created bestelldatum bestellzeit purchase_date purchased_at ordered_at datum date fecha_hora fecha data_hora data_ora horodatage date_heure date_commande tijdstip tijd zeit received_at sent_at",
  userId:
    "user_id user customer_id customer kunden_id kunden_nr kundennr kundennummer kunde customer_number customer_no uid member_id id_cliente cliente id_client klantnummer klant nutzer benutzer customer_email email e_mail email_address mail email_adresse",
  anonymousId:
    "anonymous_id anonymous user_pseudo_id visitor_id visitor besucher_id besucher device_id cookie_id cookie client_id distinct_id",
  source:
    "utm_source source quelle traffic_source campaign_source fuente fonte bron session_source",
  medium: "utm_medium medium traffic_medium campaign_medium medio session_medium",
  campaign:
    "utm_campaign campaign campaign_name kampagne kampagnenname campana campagne campagna session_campaign",
  term: "utm_term term keyword suchbegriff campaign_term",
  content: "utm_content content ad_content campaign_content",
  channel: "channel kanal canal kanaal canale default_channel_group channel_group",
  referrer: "referrer referer page_referrer referrer_url referring_site",
  url: "url page page_url page_location landing_page landing_page_url landing_url landing_site uri",
  name: "conversion_name goal_name goal conversion",
  value:
    "value revenue umsatz order_value order_total bestellwert amount betrag wert total total_price gesamtbetrag gesamtsumme gesamt summe importe montant bedrag omzet ingresos ricavo valor transaction_revenue purchase_revenue price preis",
  currency: "currency currency_code waehrung wahrung moneda devise valuta order_currency",
  orderId:
    "order_id order order_number order_no order_nr order_name bestell_id bestell_nr bestellnr bestellnummer bestellung auftragsnummer auftragsnr auftrag transaction_id transaction invoice_number rechnungsnummer pedido numero_pedido id_pedido commande numero_commande id_commande ordernummer bestelnummer ordine numero_ordine purchase_id",
};

const DIMENSIONS = {
  source: `${EVENT_NAMES.source} platform`,
  medium: EVENT_NAMES.medium,
  campaign: EVENT_NAMES.campaign,
  term: EVENT_NAMES.term,
  content: `${EVENT_NAMES.content} ad_name`,
  channel: EVENT_NAMES.channel,
};
const DAY_NAMES = "day date tag datum fecha jour giorno dag data reporting_starts";

const SPEND_NAMES: Readonly<Record<SpendField, string>> = {
  day: DAY_NAMES,
  amount:
    "amount amount_spent spend spent cost ad_spend ad_cost kosten ausgaben werbekosten coste gasto cout depenses costo spesa uitgaven betrag",
  currency: EVENT_NAMES.currency,
  ...DIMENSIONS,
};

const RATE_NAMES: Readonly<Record<RateField, string>> = {
  day: DAY_NAMES,
  currency: "currency from base base_currency from_currency waehrung wahrung von",
  target: "target to quote target_currency to_currency quote_currency zielwaehrung nach",
  rate: "rate exchange_rate kurs wechselkurs tasa taux koers",
};

const NAMES: Readonly<Record<Kind, Readonly<Partial<Record<Field, string>>>>> = {
  events: EVENT_NAMES,
  spend: SPEND_NAMES,
  rates: RATE_NAMES,
};

/** Columns that are named as our own export names the event's fields: `name` is a conversion's there, elsewhere a person's. */
const OWN = ["id", "type", "time"];

/**
 * The columns that fill fields by their names.
 * @param columns each name once
 * @returns by field
 */
export function columnsByName(kind: Kind, columns: readonly string[]): Map<Field, string> {
  const byPlain = new Map<string, string>();
  for (const column of columns) {
    const plain = withoutCurrency(plainName(column));
    if (!byPlain.has(plain)) byPlain.set(plain, column);
  }
  const found = new Map<Field, string>();
  const taken = new Set<string>();
  const isOwn = kind === "events" && OWN.every((name) => columns.includes(name));
  const take = (field: Field, column: string | undefined): void => {
    if (column === undefined || taken.has(column) || found.has(field)) return;
    found.set(field, column);
    taken.add(column);
  };
  if (isOwn) {
    take("id", byPlain.get("id"));
    take("name", byPlain.get("name"));
  }
  const fields = Object.entries(NAMES[kind]) as [Field, string][];
  for (const [field, names] of fields) {
    for (const name of [plainName(field), ...names.split(" ")]) {
      if (field === "id" && name === "id") continue;
      if (field === "name" && name === "name") continue;
      take(field, byPlain.get(name));
    }
  }
  return found;
}

const CURRENCY_END = /_([a-z]{3})$/;

/** The currency in a column's name, as in Meta's `Amount spent (EUR)`; undefined where it has none. */
export function currencyInName(column: string): string | undefined {
  const code = CURRENCY_END.exec(plainName(column))?.[1]?.toUpperCase();
  return code !== undefined && isCurrency(code) ? code : undefined;
}

function withoutCurrency(plain: string): string {
  const before = plain.replace(CURRENCY_END, "");
  return before !== plain && AMOUNTS.has(before) ? before : plain;
}

const AMOUNTS = new Set(`${SPEND_NAMES.amount} ${EVENT_NAMES.value}`.split(" "));
