/** For the tests of packages that may not import the oracle themselves. */
export { expectedResults, type PlainEvent } from "@tributary/oracle";
