import { describe, expect, it } from "vitest";
import { z } from "zod";
import { readEnvironment, text, wholeNumber } from "../src/index.ts";

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
