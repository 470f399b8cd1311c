import { expect, test } from "vitest";
import { readFile } from "./support/read-file.ts";

const SHOPIFY =
  "Name,Email,Financial Status,Paid at,Fulfillment Status,Fulfilled at,Accepts Marketing,Currency,Subtotal,Shipping,Taxes,Total,Discount Code,Discount Amount,Shipping Method,Created at,Lineitem quantity,Lineitem name,Lineitem price,Cancelled at,Payment Method,Refunded Amount,Id,Source,Phone";

/** A row of Shopify's export with some of its cells. */
function shopifyRow(cells: Readonly<Record<string, string>>): string {
  return SHOPIFY.split(",")
    .map((column) => cells[column] ?? "")
    .join(",");
}

test("Shopify: an order with two line items is one conversion, a refunded amount one refund", async () => {
  const order = {
    Currency: "EUR",
    "Created at": "2026-11-01 09:59:00 +0100",
    "Paid at": "2026-11-01 10:00:00 +0100",
    "Lineitem name": "Hat",
    Source: "web",
  };
  const text = [
    SHOPIFY,
    shopifyRow({
      ...order,
      Name: "#1001",
      Email: "a@example.com",
      "Financial Status": "paid",
      Total: "100.90",
      "Refunded Amount": "0.00",
    }),
    shopifyRow({ Name: "#1001", Email: "a@example.com", "Lineitem name": "Shoe" }),
    shopifyRow({
      ...order,
      Name: "#1002",
      Phone: "+491701",
      "Financial Status": "partially_refunded",
      Total: "50.00",
      "Refunded Amount": "20.00",
    }),
    shopifyRow({
      ...order,
      Name: "#1003",
      Email: "c@example.com",
      "Financial Status": "refunded",
      Total: "30.00",
      "Refunded Amount": "30.00",
      "Cancelled at": "2026-11-03 08:00:00 +0100",
    }),
    shopifyRow({
      ...order,
      Name: "#1004",
      Email: "d@example.com",
      "Financial Status": "voided",
      Total: "9.00",
    }),
    shopifyRow({ ...order, Name: "#1005", "Financial Status": "pending", Total: "9.00" }),
  ].join("\n");
  const conversion = {
    type: "conversion",
    time: Date.UTC(2026, 10, 1, 8, 59),
    currency: "EUR",
    name: "purchase",
  };
  expect(await readFile(text)).toEqual({
    preset: "shopify-orders",
    open: [],
    rows: [
      [2, { ...conversion, userId: "a@example.com", orderId: "#1001", value: "100.9" }],
      [4, { ...conversion, userId: "+491701", orderId: "#1002", value: "50" }],
      [
        4,
        {
          type: "refund",
          time: conversion.time,
          currency: "EUR",
          userId: "+491701",
          orderId: "#1002",
          value: "20",
        },
      ],
      [5, { ...conversion, userId: "c@example.com", orderId: "#1003", value: "30" }],
      [
        5,
        {
          type: "refund",
          time: Date.UTC(2026, 10, 3, 7),
          currency: "EUR",
          userId: "c@example.com",
          orderId: "#1003",
          value: "30",
        },
      ],
    ],
    refused: [[7, "expected a customer; --user-from order takes the order's ID for one"]],
  });
});

test("WooCommerce: line items repeat their order, which is one conversion and one refund", async () => {
  const text = [
    "order_id,order_number,order_date,status,order_total,refunded_total,order_currency,customer_id,customer_email,item_name",
    "11,R-11,2026-11-01 10:00:00,completed,79.90,10.00,EUR,7,a@example.com,Hat",
    "11,R-11,2026-11-01 10:00:00,completed,79.90,10.00,EUR,7,a@example.com,Shoe",
    ",,,,,,,,,Belt",
    "12,R-12,2026-11-02 10:00:00,wc-refunded,20.00,20.00,EUR,0,b@example.com,Hat",
    "13,R-13,2026-11-02 11:00:00,failed,20.00,0,EUR,0,c@example.com,Hat",
  ].join("\n");
  const { open, rows, refused, preset } = await readFile(text);
  expect(preset).toBe("woocommerce-orders");
  // The plugin writes the shop's local time without its zone.
  expect(open.map(({ key }) => key)).toEqual(["zone"]);
  const first = { time: Date.UTC(2026, 10, 1, 10), userId: "7", orderId: "R-11", currency: "EUR" };
  const second = { time: Date.UTC(2026, 10, 2, 10), userId: "b@example.com", orderId: "R-12" };
  expect(rows).toEqual([
    [2, { type: "conversion", ...first, value: "79.9", name: "purchase" }],
    [2, { type: "refund", ...first, value: "10" }],
    [5, { type: "conversion", ...second, value: "20", currency: "EUR", name: "purchase" }],
    [5, { type: "refund", ...second }],
  ]);
  expect(refused).toEqual([]);
});

test.each([
  [
    "order_number,order_date,status,order_total,order_currency,customer_email\n1,2026-11-01 10:00:00+00,shipped,5,EUR,a@example.com\n",
    "shipped",
  ],
  [
    "Name,Email,Financial Status,Currency,Total,Created at,Lineitem name\n#1,a@example.com,on_credit,EUR,5,2026-11-01 10:00:00 +0000,Hat\n",
    "on_credit",
  ],
])("a status that is not known is a question", async (text, status) => {
  const { open } = await readFile(text);
  expect(open.map(({ key }) => key)).toEqual([`type ${status}`]);
  const { rows } = await readFile(text, {
    answers: new Map([[`type ${status}`, "conversion"]]),
  });
  expect(rows).toMatchObject([[2, { type: "conversion", value: "5" }]]);
});
