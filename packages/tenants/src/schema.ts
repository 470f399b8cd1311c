/** The tenants' file: docs/tenants.md. */
import { EVENT_FIELDS, EVENT_LIMITS, EVENT_TYPES, isCurrency } from "@tributary/protocol";
import { TENANT_NAME } from "@tributary/service";
import { z } from "zod";
import { aliases, checkAliases, dimension } from "./aliases.ts";
import { canonicalTimeZone } from "./time-zone.ts";

/** Most entries of each list. */
const MOST = 500;
/** Most channels that count as direct: each touchpoint is held against them. */
const MOST_DIRECT = 20;
const UNITS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
/** A day. */
const MAX_SESSION_GAP_MINUTES = 1440;
const DURATION = /^(\d{1,9})(ms|s|m|h|d)$/;
const HOST = /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/i;
const LINK_HOST = /^(?:\*\.)?(?:[a-z0-9-]{1,63}\.)*[a-z0-9-]{1,63}$/i;
const TEMPLATE_NAME = /^[a-z0-9][a-z0-9_-]{0,63}$/i;
/** Fields that a postback's text can fill. */
const TEXT_FIELDS: readonly string[] = EVENT_FIELDS.filter((field) => field !== "properties");

const words = z.array(z.string().min(1).max(256)).min(1).max(MOST);
/** One pattern, or several of which one must fit. */
const patterns = z
  .union([z.string().min(1).max(256), words], { error: "expected a pattern, or a list of some" })
  .transform((given) => (typeof given === "string" ? [given] : given));
const duration = z
  .string({ error: "expected a whole number and its unit, such as 30d or 12h" })
  .regex(DURATION, "expected a whole number and its unit, such as 30d or 12h")
  .transform((text) => {
    const [, count = "", unit = "ms"] = DURATION.exec(text) ?? [];
    return Number(count) * UNITS[unit as keyof typeof UNITS];
  })
  .refine((ms) => ms >= 1, "expected 1ms or more");
const hosts = (form: RegExp, example: string) =>
  z.array(z.string().regex(form, `expected a host, such as ${example}`)).max(MOST);

const channelRule = z
  .strictObject({
    channel: z.string().min(1).max(EVENT_LIMITS.channelBytes),
    type: patterns.optional(),
    source: patterns.optional(),
    medium: patterns.optional(),
    campaign: patterns.optional(),
    referrer: patterns.optional(),
    url: patterns.optional(),
  })
  .refine((rule) => Object.keys(rule).length > 1, {
    error: "expected one of type, source, medium, campaign, referrer, url beside the channel",
  });

/** ms of a session's gap, or that every visit counts. */
const arrivals = z
  .union(
    [
      z.literal("every_visit"),
      z.strictObject({ sessionGapMinutes: z.int().min(1).max(MAX_SESSION_GAP_MINUTES) }),
    ],
    {
      error: `expected {"sessionGapMinutes": 30}, a whole number from 1 to ${MAX_SESSION_GAP_MINUTES}, or "every_visit"`,
    },
  )
  .transform((given) => (given === "every_visit" ? given : given.sessionGapMinutes * UNITS.m));

const segment = z.strictObject({
  conversions: words.optional().describe("names of track events that are conversions"),
  refunds: words.optional().describe("names of track events that take an order back"),
  touchpoints: words.optional().describe("names of track events that are touchpoints"),
  campaigns: z
    .array(z.string().min(1).max(256))
    .max(MOST)
    .optional()
    .describe("names of track events that are visits where they name a source"),
  value: words
    .optional()
    .describe("properties that hold the money, the first that is there counts"),
  currency: words.optional().describe("properties that hold its currency"),
  orderId: words.optional().describe("properties that hold the order's ID"),
});

const postback = z.record(z.string(), z.string().min(1).max(1024)).superRefine((event, context) => {
  for (const field of Object.keys(event)) {
    if (TEXT_FIELDS.includes(field)) continue;
    const message = `no such field of events; allowed: ${TEXT_FIELDS.join(", ")}`;
    context.addIssue({ code: "custom", path: [field], message });
  }
  const { type } = event;
  if (type !== undefined && !type.includes("{") && !EVENT_TYPES.some((known) => known === type)) {
    const message = `expected one of ${EVENT_TYPES.join(", ")}`;
    context.addIssue({ code: "custom", path: ["type"], message });
  }
  if (event["userId"] === undefined && event["anonymousId"] === undefined) {
    context.addIssue({ code: "custom", message: "expected userId or anonymousId" });
  }
});

const tenant = z
  .strictObject({
    segment: segment.optional(),
    currency: z
      .string()
      .refine(isCurrency, "expected an ISO 4217 code, such as EUR")
      .optional()
      .describe("of money that Segment's clients send without one"),
    timeZone: z
      .string()
      .refine(
        (text) => canonicalTimeZone(text) !== undefined,
        "expected an IANA time zone, such as Europe/Berlin",
      )
      .optional()
      .describe("of days, weeks and months in reports that do not say"),
    windows: z
      .strictObject({ click: duration.optional(), view: duration.optional() })
      .optional()
      .describe("how long before a conversion a touchpoint counts"),
    reusedOrderIds: z
      .boolean({ error: "expected true or false" })
      .optional()
      .describe("whether different orders have the same ID, so that all their conversions count"),
    arrivals: arrivals.optional().describe("which visits are touchpoints"),
    channels: z.array(channelRule).max(MOST).optional(),
    fold: z
      .array(dimension)
      .optional()
      .describe("dimensions whose names are alike where they differ in case and spaces only"),
    aliases: aliases.optional().describe("by dimension, the name that stands for others"),
    utm: z
      .strictObject({ fragments: z.boolean().optional(), escaped: z.boolean().optional() })
      .optional()
      .describe("where UTM parameters are read besides the query of a URL"),
    referralExclusions: hosts(HOST, "pay.example").optional(),
    directChannels: z
      .array(z.string().min(1).max(EVENT_LIMITS.channelBytes))
      .max(MOST_DIRECT)
      .optional()
      .describe("channels that last_non_direct passes over"),
    links: hosts(LINK_HOST, "shop.example or *.shop.example")
      .optional()
      .describe("hosts that links may lead to"),
    postbacks: z
      .record(
        z.string().regex(TEMPLATE_NAME, "expected a name of letters, digits, - and _"),
        postback,
      )
      .optional(),
    eventsPerSecond: z
      .int()
      .min(0)
      .max(2 ** 31)
      .optional()
      .describe("quota; 0 for none"),
    bots: z
      .enum(["keep", "mark", "drop"], { error: "expected keep, mark or drop" })
      .optional()
      .describe("what becomes of what bots send"),
  })
  .superRefine(checkAliases);

/** The file: `version` of its form, and settings by the tenant's name. */
export const tenantsSchema = z.strictObject({
  version: z.literal(1, { error: "expected 1, the version of the file's form" }),
  tenants: z.record(
    z.string().regex(TENANT_NAME, "expected a tenant of letters, digits, - and _"),
    tenant,
  ),
});

/** A tenant's own settings; settings that it does not name have their defaults. */
export type TenantSettings = Readonly<z.output<typeof tenant>>;
export type SegmentSettings = Readonly<z.output<typeof segment>>;
/** Texts by field of the event, in which `{parameter}` stands for a parameter of the postback. */
export type PostbackTemplate = Readonly<z.output<typeof postback>>;

/** The settings of all tenants that have some. */
export interface Tenants {
  /** First 12 hex digits of the file's SHA-256; "" without a file. So one sees whether all services have the same. */
  readonly digest: string;
  readonly byName: ReadonlyMap<string, TenantSettings>;
}

/** No tenant has settings of its own. */
export const EVERYBODY: Tenants = Object.freeze({
  digest: "",
  byName: new Map<string, TenantSettings>(),
});
