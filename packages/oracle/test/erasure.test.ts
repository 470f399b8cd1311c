import { describe, expect, it } from "vitest";
import { DEFAULT_IDENTITY_RULES, type PlainEvent, remainingEvents } from "../src/index.ts";

const event = (id: string, ids: Pick<PlainEvent, "userId" | "anonymousId">): PlainEvent => ({
  id,
  type: "click",
  time: 1,
  ...ids,
});
const left = (history: Parameters<typeof remainingEvents>[0]): string[] =>
  remainingEvents(history, DEFAULT_IDENTITY_RULES).map(({ id }) => id);

const byDevice = event("1", { anonymousId: "phone" });
const login = event("2", { userId: "ada", anonymousId: "phone" });
const byUser = event("3", { userId: "ada" });
const another = event("4", { userId: "bob", anonymousId: "phone" });

describe("what is left after an erasure", () => {
  it("is without the person's events, by whichever of their IDs they came and it was asked for", () => {
    const history = [byDevice, login, byUser, another];
    expect(left([...history, { erase: { userId: "ada" } }])).toEqual(["4"]);
    expect(left([...history, { erase: { anonymousId: "phone" } }])).toEqual(["4"]);
    expect(left([...history, { erase: { userId: "bob" } }])).toEqual(["1", "2", "3"]);
    expect(left([...history, { erase: { userId: "eve" } }])).toEqual(["1", "2", "3", "4"]);
  });

  it("has what came later, but not what was sent again", () => {
    const later = event("5", { anonymousId: "phone" });
    const erased = [byDevice, login, { erase: { userId: "ada" } }] as const;
    expect(left([...erased, byDevice, later, byUser])).toEqual(["5", "3"]);
    // The device is nobody's then: the first who uses it has it.
    expect(left([...erased, later, another, byUser, { erase: { userId: "ada" } }])).toEqual([
      "5",
      "4",
    ]);
  });
});
