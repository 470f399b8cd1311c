/** A tracking link's click, and the page that it leads to: one touchpoint of the visitor, whoever that is. */
import { startPlatform, type Platform } from "@tributary/platform";
import { afterAll, beforeAll, expect, it } from "vitest";
import { tenantsFile } from "../support/tenants-file.ts";
import { temporaryDataDir } from "../support/tributary.ts";

const TIMEOUT_MS = 120_000;
const LINK = `url=${encodeURIComponent("https://shop.example/tents?utm_source=news")}&medium=email&campaign=spring&channel=partners`;

const data = temporaryDataDir();
let platform: Platform;
beforeAll(async () => {
  platform = await startPlatform({
    dataDir: data.dir,
    port: 0,
    partitions: 4,
    environment: {
      ...process.env,
      OTEL_TRACES_EXPORTER: "none",
      TRIBUTARY_TENANTS_FILE: tenantsFile(data.dir, { default: { links: ["shop.example"] } }),
    },
  });
}, TIMEOUT_MS);
afterAll(async () => {
  await platform?.stop();
  data.remove();
});

/** Follows the link. @returns the address that the browser then shows, and the click's ID in it */
async function follow(): Promise<{ url: string; tclid: string }> {
  const answer = await fetch(`${platform.gatewayUrl}/c/default?${LINK}`, { redirect: "manual" });
  expect(answer.status).toBe(302);
  const url = answer.headers.get("location") ?? "";
  return { url, tclid: new URL(url).searchParams.get("tclid") ?? "" };
}

async function send(events: readonly object[]): Promise<void> {
  const answer = await fetch(`${platform.gatewayUrl}/v1/events`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(events),
  });
  expect(answer.status).toBe(202);
}

const HOUR_MS = 3_600_000;

it.each([
  ["a new visitor", {}, true],
  ["a visitor who was known before", { anonymousId: "device-1" }, false],
  ["a user", { userId: "ada" }, false],
  ["a user on a device", { userId: "bob", anonymousId: "device-2" }, false],
])("is one touchpoint of %s", { timeout: TIMEOUT_MS }, async (name, ids, isNew) => {
  const { url, tclid } = await follow();
  const now = Date.now();
  const who = isNew ? { anonymousId: tclid } : ids;
  const id = (what: string) => `${what} of ${name}`;
  const referrer = "https://mail.example/";
  await send([
    ...(isNew
      ? []
      : [{ id: id("before"), type: "visit", time: now - HOUR_MS, source: "bing", ...who }]),
    { id: id("landing"), type: "visit", time: now, url, referrer, ...who },
    // Loaded again, a route whose referrer stays, and the way back from a payment page.
    { id: id("again"), type: "visit", time: now + 1, url, referrer, ...who },
    {
      id: id("route"),
      type: "visit",
      time: now + 2,
      url: "https://shop.example/2",
      referrer,
      ...who,
    },
    {
      id: id("back"),
      type: "visit",
      time: now + 3,
      url: "https://shop.example/thanks",
      referrer: "https://www.paypal.com/",
      ...who,
    },
    { id: id("order"), type: "conversion", time: now + 1000, ...who },
  ]);
  const reports = async (path: string) =>
    (await (await fetch(platform.reportsUrl + path)).json()) as Record<string, unknown>;
  expect(await reports("/v1/settled?timeoutMs=30000")).toEqual({ settled: true });
  const found = await reports(`/v1/conversions/${encodeURIComponent(id("order"))}`);
  const touch = { source: "news", medium: "email", campaign: "spring", channel: "partners" };
  expect(found["touchpoints"]).toMatchObject([
    ...(isNew ? [] : [{ id: id("before") }]),
    { id: isNew ? tclid : id("landing"), ...touch },
  ]);
  const notCounted = found["notCounted"] as { id: string; wentOnWith: { because: string } }[];
  expect(Object.fromEntries(notCounted.map((left) => [left.id, left.wentOnWith.because]))).toEqual({
    ...(isNew ? { [id("landing")]: "its_click" } : {}),
    [id("again")]: "its_click",
    [id("route")]: "same_referrer",
    [id("back")]: "payment_page",
  });
  expect(await reports("/v1/audit")).toMatchObject({ different: 0 });
  const { events } = await reports("/v1/reports/conservation");
  expect(events).toMatchObject({ residue: 0 });
});
