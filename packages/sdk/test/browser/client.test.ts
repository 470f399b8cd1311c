import { afterEach, expect, it } from "vitest";
import { Tributary } from "../../src/browser/client.ts";
import type { Problem } from "../../src/core/problem.ts";

/** A page that has everything the client looks at, and no network. */
function openPage(): void {
  const nothing = (): void => undefined;
  Object.assign(globalThis, {
    location: { href: "https://shop.example/" },
    history: { pushState: nothing, replaceState: nothing },
    document: {
      referrer: "",
      title: "",
      visibilityState: "visible",
      cookie: "",
      addEventListener: nothing,
      removeEventListener: nothing,
    },
    addEventListener: nothing,
    removeEventListener: nothing,
  });
}
afterEach(() => {
  for (const name of ["location", "history", "document", "addEventListener", "removeEventListener"])
    Reflect.deleteProperty(globalThis, name);
});

it("holds what happens before consent within the queue's bytes, and says what it does not hold", () => {
  openPage();
  const problems: Problem[] = [];
  const client = new Tributary({
    url: "https://events.shop.example",
    consent: "required",
    autoPage: false,
    persistence: "memory",
    maxQueueEvents: 100,
    maxQueueBytes: 50_000,
    onProblem: (problem) => problems.push(problem),
  });
  for (let i = 0; i < 6; i += 1) client.track(`large ${i}`, { text: "x".repeat(20_000) });
  client.track("small");
  client.track("never", { text: "x".repeat(40_000) });
  const circle: Record<string, unknown> = {};
  circle["self"] = circle;
  client.track("circle", circle);
  expect(problems.map(({ code, events }) => [code, events.map(({ name }) => name)])).toEqual([
    ["queue_full", ["large 2"]],
    ["queue_full", ["large 3"]],
    ["queue_full", ["large 4"]],
    ["queue_full", ["large 5"]],
    ["too_large", ["never"]],
    ["unpackable", ["circle"]],
  ]);
  client.close();
});

it("gives up custom events that wait for consent where a purchase has no room otherwise", () => {
  openPage();
  const problems: Problem[] = [];
  const client = new Tributary({
    url: "https://events.shop.example",
    consent: "required",
    autoPage: false,
    persistence: "memory",
    maxQueueEvents: 2,
    onProblem: (problem) => problems.push(problem),
  });
  client.track("first");
  client.track("second");
  client.track("third");
  client.conversion({ name: "purchase", orderId: "o-1" });
  client.conversion({ name: "another", orderId: "o-2" });
  client.conversion({ name: "beyond", orderId: "o-3" });
  expect(problems.map(({ code, events }) => [code, events.map(({ name }) => name)])).toEqual([
    ["queue_full", ["third"]],
    ["queue_full", ["first"]],
    ["queue_full", ["second"]],
    ["queue_full", ["beyond"]],
  ]);
  client.close();
});
