/** For the tests of packages that may not import the oracle themselves. */
export {
  DEFAULT_RULES,
  duplicateOrdersOf,
  expectedResults,
  ordersOf,
  type PlainErasure,
  type PlainEvent,
  remainingEvents,
  senderOf,
} from "@tributary/oracle";
