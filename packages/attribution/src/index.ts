export { CHANNELS, CHANNEL_DISPLAY_NAMES, isDirect, type Channel } from "./channel/channels.ts";
export {
  CHANNEL_RULES,
  classifyChannel,
  utmFromUrl,
  type ChannelRule,
  type ChannelSignal,
  type Classification,
  type Utm,
} from "./channel/classify.ts";
export { ATTRIBUTION_ERROR_CODES, AttributionError, type AttributionErrorCode } from "./errors.ts";
export type { Path } from "./models/path.ts";
export type { PositionBasedOptions } from "./models/position-based.ts";
export {
  creditAll,
  DEFAULT_MODEL_OPTIONS,
  MODEL_NAMES,
  validateModelOptions,
  type ModelName,
  type ModelOptions,
} from "./models/registry.ts";
export type { TimeDecayOptions } from "./models/time-decay.ts";
export { shareOut } from "./shares.ts";
export type { TenantCounts } from "./journeys/batch-counts.ts";
export { BadEntryError } from "./journeys/bad-entry.ts";
export { DEFAULT_JOURNEY_OPTIONS } from "./journeys/options.ts";
export type { JourneyOptions } from "./journeys/options.ts";
export { PartitionState } from "./journeys/partition-state.ts";
export { Vocabulary } from "./journeys/vocabulary.ts";
export type { BatchOutcome, RestoredBlock, ResultBlockBytes } from "./journeys/partition-state.ts";
export { MAX_FACTS_OF_USER, MAX_USERS } from "./journeys/user-table.ts";
