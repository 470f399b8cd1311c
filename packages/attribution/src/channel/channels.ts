/**
 * The channels: Google Analytics 4's default channel groups as identifiers, and the names that GA4 shows
 * for them. A tenant's own channels are any other strings.
 *
 * Source: https://support.google.com/analytics/answer/9756891 ("Default channel group").
 */
export const CHANNEL_DISPLAY_NAMES = {
  direct: "Direct",
  cross_network: "Cross-network",
  paid_shopping: "Paid Shopping",
  paid_search: "Paid Search",
  paid_social: "Paid Social",
  paid_video: "Paid Video",
  display: "Display",
  paid_other: "Paid Other",
  organic_shopping: "Organic Shopping",
  organic_social: "Organic Social",
  organic_video: "Organic Video",
  organic_search: "Organic Search",
  email: "Email",
  affiliates: "Affiliates",
  referral: "Referral",
  audio: "Audio",
  sms: "SMS",
  mobile_push_notifications: "Mobile Push Notifications",
  other: "Unassigned",
} as const;

export type Channel = keyof typeof CHANNEL_DISPLAY_NAMES;

export const CHANNELS = [
  "direct",
  "cross_network",
  "paid_shopping",
  "paid_search",
  "paid_social",
  "paid_video",
  "display",
  "paid_other",
  "organic_shopping",
  "organic_social",
  "organic_video",
  "organic_search",
  "email",
  "affiliates",
  "referral",
  "audio",
  "sms",
  "mobile_push_notifications",
  "other",
] as const satisfies readonly Channel[];

/** Whether last_non_direct passes over touchpoints of this channel. Exact, as the reports' SQL compares it. */
export function isDirect(channel: string): boolean {
  return channel === "direct";
}
