import { describe, expect, it } from "vitest";
import {
  hasClickId,
  linkChannelOf,
  linkClickOf,
  type OriginFields,
  originOf,
  signatureText,
} from "../../src/arrivals/origin.ts";

const from = (fields: Partial<OriginFields>) =>
  originOf({
    channel: "referral",
    source: "",
    medium: "",
    campaign: "",
    referrer: "",
    url: "",
    ...fields,
  });

describe("an origin", () => {
  it("has the referrer's host in its signature only without source, medium and campaign", () => {
    const bare = from({ referrer: "https://www.Blog.example/a" });
    expect(bare).toMatchObject({ referrerHost: "blog.example", byReferrer: true });
    expect(bare.signature).toBe(signatureText("referral", "", "", "", "blog.example"));
    const tagged = from({ source: "News", referrer: "https://blog.example/" });
    expect(tagged).toMatchObject({ referrerHost: "blog.example", byReferrer: false });
    expect(tagged.signature).toBe(from({ source: "nEWS" }).signature);
    expect(tagged.signature).not.toBe(bare.signature);
  });

  it("tells one field from the next", () => {
    expect(from({ source: "a" }).signature).not.toBe(from({ medium: "a" }).signature);
    expect(from({ source: "ab" }).signature).not.toBe(from({ source: "a", medium: "b" }).signature);
  });

  it("is not known by the referrer alone with a click identifier, or where the referrer has no host", () => {
    const referrer = "https://google.com/";
    expect(from({ referrer, url: "https://shop.example/?gclid=1" }).byReferrer).toBe(false);
    expect(from({ referrer, url: "https://shop.example/?page=1" }).byReferrer).toBe(true);
    expect(from({ referrer: "javascript:void(0)" }).byReferrer).toBe(false);
  });
});

describe("the click of a tracking link", () => {
  it.each([
    ["https://shop.example/?tclid=a", "a"],
    ["https://shop.example/?x=1&tclid=&tclid=b&tclid=c", "b"],
    ["/path?tclid=a%2Db", "a-b"],
    ["https://shop.example/?TCLID=a", ""],
    ["https://shop.example/?xtclid=a", ""],
    ["https://shop.example/#?tclid=a", ""],
    ["https://shop.example/tclid=a", ""],
    ["", ""],
  ])("in %s is %j", (url, click) => expect(linkClickOf(url)).toBe(click));

  it("comes with the link's channel, where that is one", () => {
    expect(linkChannelOf("https://shop.example/?tchannel=partners&tclid=a")).toBe("partners");
    expect(linkChannelOf("https://shop.example/?tchannel=partners")).toBe("");
    expect(linkChannelOf(`https://shop.example/?tclid=a&tchannel=${"x".repeat(65)}`)).toBe("");
    expect(linkChannelOf("https://shop.example/?tclid=a")).toBe("");
  });

  it("is no click identifier of a network", () => {
    expect(hasClickId("https://shop.example/?tclid=a")).toBe(false);
    expect(hasClickId("https://shop.example/?fbclid=a")).toBe(true);
  });
});
