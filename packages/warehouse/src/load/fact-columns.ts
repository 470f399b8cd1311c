import type { Column } from "../engine/engine.ts";

/** The columns of `events` in the order in which FactRows writes them. */
export const EVENT_COLUMNS: readonly Column[] = [
  { name: "tenant", type: "String" },
  { name: "event_id", type: "String" },
  { name: "type", type: "String" },
  { name: "time", type: "DateTime64(3, 'UTC')" },
  { name: "user_key", type: "String" },
  { name: "is_anonymous", type: "Bool" },
  { name: "source", type: "String" },
  { name: "medium", type: "String" },
  { name: "campaign", type: "String" },
  { name: "term", type: "String" },
  { name: "content", type: "String" },
  { name: "channel", type: "String" },
  { name: "name", type: "String" },
  { name: "value", type: "Nullable(Decimal(38, 12))" },
  { name: "currency", type: "String" },
  { name: "order_id", type: "String" },
  { name: "anonymous_id", type: "String" },
  { name: "referrer", type: "String" },
  { name: "url", type: "String" },
  { name: "properties", type: "String" },
  { name: "partition", type: "UInt16" },
  { name: "position", type: "String" },
  { name: "referrer_host", type: "String" },
  { name: "has_click_id", type: "Bool" },
  { name: "link_click", type: "String" },
];

/** The columns of `identities` in the order in which FactRows writes them. */
export const IDENTITY_COLUMNS: readonly Column[] = [
  { name: "tenant", type: "String" },
  { name: "anonymous_id", type: "String" },
  { name: "generation", type: "UInt64" },
  { name: "user_id", type: "String" },
  { name: "linked_at", type: "DateTime64(3, 'UTC')" },
  { name: "decided_at", type: "DateTime64(3, 'UTC')" },
  { name: "partition", type: "UInt16" },
  { name: "position", type: "String" },
];

/** The columns of `erasing` in the order in which FactRows writes them. */
export const ERASING_COLUMNS: readonly Column[] = [
  { name: "tenant", type: "String" },
  { name: "receipt", type: "String" },
  { name: "partition", type: "UInt16" },
  { name: "position", type: "String" },
  { name: "ordinal", type: "UInt32" },
  { name: "events_position", type: "String" },
  { name: "user_key", type: "String" },
  { name: "is_anonymous", type: "Bool" },
  { name: "generation", type: "UInt64" },
  { name: "owner", type: "String" },
  { name: "is_theirs", type: "Bool" },
];
