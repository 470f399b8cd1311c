import { expect, it } from "vitest";
import { EnvironmentError, refuseUnknownVariables } from "../src/index.ts";

it.each([
  ["TRIBUTARY_WRITEKEYS", "TRIBUTARY_WRITE_KEYS"],
  ["TRIBUTARY_RAED_KEYS", "TRIBUTARY_READ_KEYS"],
  ["TRIBUTARY_PARTITION", "TRIBUTARY_PARTITIONS"],
  ["TRIBUTARY_WEBHOOK_MAX_ATTEMPS", "TRIBUTARY_WEBHOOK_MAX_ATTEMPTS"],
])("%s is refused, and %s suggested", (name, nearest) => {
  expect(() => refuseUnknownVariables({ [name]: "s3cret" })).toThrow(
    new EnvironmentError(name, `there is no such variable; did you mean ${nearest}?`),
  );
});

it("a name that is like none is refused without a suggestion", () => {
  expect(() => refuseUnknownVariables({ TRIBUTARY_COMPLETELY_DIFFERENT_THING: "" })).toThrow(
    /^TRIBUTARY_COMPLETELY_DIFFERENT_THING: there is no such variable$/,
  );
});

it("names of other services, of others, and those that Kubernetes sets are taken", () => {
  const env = {
    TRIBUTARY_WRITE_KEYS: "k=shop",
    TRIBUTARY_THREADS: "2",
    TRIBUTARY_READ_KEY: "k",
    TRIBUTARY_GATEWAY_SERVICE_HOST: "10.0.0.1",
    TRIBUTARY_GATEWAY_SERVICE_PORT_HTTP: "8080",
    TRIBUTARY_GATEWAY_PORT: "tcp://10.0.0.1:8080",
    TRIBUTARY_GATEWAY_PORT_8080_TCP_ADDR: "10.0.0.1",
    TRIBUTARYS_OWN: "x",
    tributary_x: "y",
  };
  expect(() => refuseUnknownVariables(env)).not.toThrow();
});
