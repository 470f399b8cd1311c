import { firstOf, meaning, SKIPPED, type Meanings, type Preset } from "./preset.ts";

/**
 * Shopify's export of orders. A row is a line item: the first of an order has the order's fields, the others only its
 * name and their item.
 * Source: https://help.shopify.com/en/manual/fulfillment/managing-orders/exporting-orders (columns of the CSV).
 *
 * - An order is one conversion, at `Created at`, of its `Total`; the customer is the `Email`, else the `Phone`.
 * - `Refunded Amount` is one refund. The export does not say when: it is taken for `Cancelled at`, else `Created at`.
 * - Orders that were voided or have expired, and such as were cancelled before they were paid, are left out.
 * - `Source` is the sales channel, and no source of traffic.
 */
export const shopifyOrders: Preset = {
  name: "shopify-orders",
  title: "Shopify orders",
  kind: "events",
  recognizes: (has) => has("name", "financial_status", "created_at", "lineitem_name"),
  columns: { orderId: ["name"], currency: ["currency"] },
  derived: ["type", "time", "userId", "value", "name"],
  reader: () => {
    const seen = new Set<string>();
    return (cell) => {
      const order = cell("name");
      // Apps that export the same columns repeat the order's fields on each line item.
      if (cell("total") === "" || seen.has(order)) return SKIPPED;
      seen.add(order);
      return orderOf({
        status: cell("financial_status").toLowerCase(),
        created: cell("created_at"),
        cancelled: cell("cancelled_at"),
        total: cell("total"),
        refunded: cell("refunded_amount"),
        customer: firstOf(cell("email"), cell("phone"), cell("billing_phone")),
      });
    };
  },
  notes: [],
};

interface Order {
  readonly status: string;
  readonly created: string;
  readonly cancelled: string;
  readonly total: string;
  readonly refunded: string;
  readonly customer: string;
}

const NEVER = new Set(["voided", "expired"]);
const UNPAID = new Set(["pending", "authorized", "unpaid"]);
const PAID = new Set(["paid", "partially_paid", "partially_refunded", "refunded"]);

function orderOf({ status, created, cancelled, total, refunded, customer }: Order): Meanings {
  const isNever = NEVER.has(status) || (cancelled !== "" && UNPAID.has(status));
  if (isNever) return SKIPPED;
  // A status that is not known is asked about, as a type of event.
  const type = PAID.has(status) || UNPAID.has(status) ? "conversion" : status;
  const conversion = meaning(type, {
    time: created,
    userId: customer,
    value: total,
    name: "purchase",
  });
  const hasRefund = /[1-9]/.test(refunded) || status === "refunded";
  if (!hasRefund) return [conversion];
  // Without an amount a refund takes all of its order back.
  const value = /[1-9]/.test(refunded) ? refunded : "";
  const refund = meaning("refund", { time: firstOf(cancelled, created), userId: customer, value });
  return [conversion, refund];
}
