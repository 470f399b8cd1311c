import { expect, test } from "vitest";
import { linkEvent } from "../../src/links/link-event.ts";

const of = (query: Record<string, unknown>, url?: string) =>
  linkEvent({ type: "click", id: "c", time: 1, query, url, referrer: undefined });

test("the parameters of a link are its event's fields, where its target does not set them", () => {
  const target = "https://shop.example/?utm_source=news&utm_campaign=&x=1";
  expect(of({ source: "ads", medium: "cpc", campaign: ["spring", "b"], term: "" }, target)).toEqual(
    {
      id: "c",
      type: "click",
      time: 1,
      anonymousId: "c",
      source: "news",
      medium: "cpc",
      campaign: "spring",
      url: target,
    },
  );
  // An event that names its channel has no fields of its address read.
  expect(of({ channel: "partners", source: "ads" }, target)).toMatchObject({
    channel: "partners",
    source: "news",
  });
  const long = `https://shop.example/?utm_source=${"x".repeat(257)}`;
  expect(of({ channel: "partners" }, long)).toHaveProperty("source", "x".repeat(256));
  expect(of({ source: "ads", uid: "ada" })).toEqual({
    id: "c",
    type: "click",
    time: 1,
    source: "ads",
    userId: "ada",
  });
});
