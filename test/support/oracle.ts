/** For the tests of packages that may not import the oracle themselves. */
export {
  expectedResults,
  type PlainErasure,
  type PlainEvent,
  remainingEvents,
} from "@tributary/oracle";
