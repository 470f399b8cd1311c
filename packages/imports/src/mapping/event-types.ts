/** Which event type a cell's word means. */
import { EVENT_TYPES, type EventType } from "@tributary/protocol";
import { plainName } from "./names.ts";

/** Rows of this are left out on purpose. */
export const SKIP = "skip";

const WORDS: Readonly<Record<EventType, string>> = {
  impression: "view ad_impression ad_view anzeige einblendung impresion affichage impressie",
  click: "clic klick klik ad_click link_click",
  visit:
    "page_view pageview page pages session session_start besuch seitenaufruf visita visite bezoek screen screen_view",
  conversion:
    "order orders purchase sale buy transaction order_completed completed_order checkout_completed bestellung kauf verkauf konversion compra pedido achat commande vente conversione acquisto ordine aankoop bestelling verkoop conversie",
  custom: "",
  identify: "login anmeldung",
  refund:
    "return returned refunded order_refunded retoure ruckerstattung rueckerstattung erstattung storno gutschrift ruckgabe rueckgabe chargeback reembolso devolucion remboursement retour rimborso reso terugbetaling",
};

const TYPES = new Map<string, EventType>(
  EVENT_TYPES.flatMap((type) =>
    [type, ...WORDS[type].split(" ")]
      .filter((word) => word !== "")
      .map((word) => [word, type] as const),
  ),
);

/** The event type that a word means; undefined where it is not known. */
export function eventTypeOf(word: string): EventType | undefined {
  return TYPES.get(plainName(word));
}
