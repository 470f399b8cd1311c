/**
 * The channels: Google Analytics 4's default channel groups as identifiers, and the names that GA4 shows
 * for them. A tenant's own channels are any other strings.
 *
 * Sources: https://support.google.com/analytics/answer/9756891 ("Default channel group"), and for AI Assistant
 * https://support.google.com/analytics/answer/9164320 ("What's new", 13 May 2026).
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
  ai_assistant: "AI Assistant",
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
  "ai_assistant",
  "email",
  "affiliates",
  "referral",
  "audio",
  "sms",
  "mobile_push_notifications",
  "other",
] as const satisfies readonly Channel[];

/** Kinds of sites that clicks come from. */
export type Site =
  | "ai"
  | "search"
  | "social"
  | "shopping"
  | "video"
  | "email"
  | "display"
  | "affiliates";

/** Channels whose touchpoints last_non_direct passes over, of a tenant that names none itself. */
export const DIRECT_CHANNELS: readonly string[] = ["direct"] satisfies readonly Channel[];
