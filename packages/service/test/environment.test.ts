import { describe, expect, it } from "vitest";
import { z } from "zod";
import {
  listenSettings,
  partitionSettings,
  readEnvironment,
  SHARED_SETTINGS,
  text,
  wholeNumber,
} from "../src/index.ts";

const schema = z.object({ NAME: text("nobody"), PORT: wholeNumber(1, 65_535, 8080) });

describe("the environment", () => {
  it("takes defaults where a variable is unset or empty", () => {
    expect(readEnvironment(schema, {})).toEqual({ NAME: "nobody", PORT: 8080 });
    expect(readEnvironment(schema, { NAME: " ", PORT: "" })).toEqual({
      NAME: "nobody",
      PORT: 8080,
    });
    expect(readEnvironment(schema, { NAME: " ada ", PORT: "65535" })).toEqual({
      NAME: "ada",
      PORT: 65_535,
    });
  });

  it.each(["0", "65536", "1.5", "http", "1e9", "-1", "NaN"])("names a bad value: %s", (value) => {
    expect(() => readEnvironment(schema, { PORT: value })).toThrow(
      `PORT: expected a whole number from 1 to 65535, got "${value}"`,
    );
    expect(() => readEnvironment(schema, { PORT: value })).toThrow(
      expect.objectContaining({ code: "config_invalid", variable: "PORT" }),
    );
  });
});

describe("settings of several services", () => {
  const shared = z.object({
    ...listenSettings(8090, "health and metrics"),
    ...partitionSettings(64),
    ...SHARED_SETTINGS,
  });

  it("have one default each", () => {
    expect(readEnvironment(shared, {})).toEqual({
      TRIBUTARY_HOST: "127.0.0.1",
      TRIBUTARY_PORT: 8090,
      TRIBUTARY_PORT_TRIES: 1,
      TRIBUTARY_INSTANCE_ID: "",
      TRIBUTARY_PARTITIONS: 16,
      REDIS_URL: "redis://127.0.0.1:6379",
      TRIBUTARY_TENANTS_FILE: "",
      TRIBUTARY_KNOWN_HOSTS: "",
      TRIBUTARY_TRUSTED_PROXIES: "",
      TRIBUTARY_KEYS_REFRESH_MS: 1000,
      TRIBUTARY_WAIT_REPLICAS: 0,
      TRIBUTARY_WAIT_TIMEOUT_MS: 1000,
    });
  });

  it("are bounded, and each says what it is for", () => {
    expect(() => readEnvironment(shared, { TRIBUTARY_PARTITIONS: "65" })).toThrow("from 1 to 64");
    const purposes = Object.values(shared.shape).map(({ description }) => description ?? "");
    expect(purposes.every((purpose) => purpose.length > 10)).toBe(true);
    expect(shared.shape.TRIBUTARY_PORT.description).toBe(
      "port of health and metrics; 0 takes a free one",
    );
  });
});
