import { firstOf, meaning, SKIPPED, type CellOf, type Preset } from "./preset.ts";

const NUMBERS = ["order_number", "order_id"];
const DATES = ["order_date", "date", "date_created"];

/** WooCommerce's own statuses, without `wc-`. */
const ORDERED = new Set(["processing", "on_hold", "completed", "refunded"]);
const NEVER = new Set([
  "cancelled",
  "failed",
  "pending",
  "pending_payment",
  "checkout_draft",
  "draft",
  "trash",
]);

/**
 * WooCommerce's exports of orders, a row an order or a row a line item; the latter repeats the order's fields.
 * Source: https://woocommerce.com/document/import-and-export-of-woocommerce-orders/ and
 * https://woocommerce.com/document/ordercustomer-csv-export/ (columns), /document/managing-orders/order-statuses/.
 *
 * - An order that is processing, on hold or completed is one conversion of its `order_total`.
 * - A refunded order is a conversion and a refund of all of it; `refunded_total` of another one is a refund of as much.
 *   The export does not say when: it is taken for the order's date.
 * - The customer is the account, else the e-mail address.
 */
export const wooCommerceOrders: Preset = {
  name: "woocommerce-orders",
  title: "WooCommerce orders",
  kind: "events",
  recognizes: (has) =>
    has("status", "order_total") &&
    NUMBERS.some((column) => has(column)) &&
    DATES.some((column) => has(column)),
  columns: { time: DATES, orderId: NUMBERS, currency: ["order_currency", "currency"] },
  derived: ["type", "userId", "value", "name"],
  reader: () => {
    const seen = new Set<string>();
    return (cell) => {
      const order = firstOf(...NUMBERS.map(cell));
      // Some plugins leave the order's fields out of all but its first line item.
      const isItem = order === "" && cell("order_total") === "";
      if (isItem || seen.has(order)) return SKIPPED;
      seen.add(order);
      return orderOf(cell);
    };
  },
  notes: [],
};

function orderOf(cell: CellOf): ReturnType<ReturnType<NonNullable<Preset["reader"]>>> {
  const status = cell("status")
    .toLowerCase()
    .trim()
    .replace(/^wc-/, "")
    .replaceAll(/[\s-]+/g, "_");
  if (NEVER.has(status)) return SKIPPED;
  const account = cell("customer_id").trim();
  const userId = firstOf(
    account === "0" ? "" : account,
    cell("customer_email"),
    cell("billing_email"),
  );
  // A status of a plugin, or of another shop, is asked about, as a type of event.
  const type = ORDERED.has(status) ? "conversion" : status;
  const conversion = meaning(type, {
    userId,
    value: cell("order_total"),
    name: "purchase",
  });
  if (status === "refunded") return [conversion, meaning("refund", { userId })];
  const refunded = firstOf(
    cell("refunded_total"),
    cell("order_refunded_total"),
    cell("refund_total"),
  );
  if (!/[1-9]/.test(refunded)) return [conversion];
  return [conversion, meaning("refund", { userId, value: refunded })];
}
