export {
  DIRECT,
  hasClickId,
  linkClickOf,
  type Origin,
  type OriginFields,
  originOf,
  referrerHostOf,
  signatureText,
} from "./arrivals/origin.ts";
export {
  DEFAULT_SESSION_GAP_MS,
  SessionArrivals,
  type SessionGap,
} from "./arrivals/session-arrivals.ts";
export {
  CHANNELS,
  CHANNEL_DISPLAY_NAMES,
  DIRECT_CHANNELS,
  type Channel,
} from "./channel/channels.ts";
export {
  CHANNEL_RULES,
  classifyChannel,
  utmFromUrl,
  type ChannelRule,
  type ChannelSignal,
  type Classification,
  type Utm,
} from "./channel/classify.ts";
export { foldedName, Names, SPACES, type NameSettings } from "./channel/names.ts";
export {
  RULE_FIELDS,
  TenantRules,
  type ChannelRuleSettings,
  type ChannelSettings,
} from "./channel/tenant-rules.ts";
export {
  bootstrap,
  compareChannels,
  percentileInterval,
  type Bootstrap,
  type ChannelDifference,
  type Interval,
} from "./data-driven/bootstrap.ts";
export type { ChannelCredits, PathModel, RemovalEffects } from "./data-driven/credits.ts";
export { fractribution } from "./data-driven/fractribution.ts";
export {
  markov,
  MARKOV_ORDERS,
  type MarkovModel,
  type MarkovOrder,
} from "./data-driven/markov/markov.ts";
export { PATH_MODEL_NAMES, pathModel, type PathModelName } from "./data-driven/path-models.ts";
export { pathRule, type PathRule } from "./data-driven/path-rule.ts";
export {
  tabulatePaths,
  type PathCounts,
  type PathRow,
  type PathTable,
} from "./data-driven/path-table.ts";
export { seededRandom, type Random } from "./data-driven/seeded-random.ts";
export { shareCredits } from "./data-driven/share-credits.ts";
export { shapleyRate } from "./data-driven/shapley/shapley-rate.ts";
export { shapley } from "./data-driven/shapley/shapley.ts";
export {
  START,
  type StateChain,
  type StepProbabilities,
} from "./data-driven/markov/state-chain.ts";
export { PATH_TRANSFORMS, transformPaths, type PathTransform } from "./data-driven/transforms.ts";
export { ATTRIBUTION_ERROR_CODES, AttributionError, type AttributionErrorCode } from "./errors.ts";
export { readCustomModel, type CustomModel } from "./models/custom/custom-model.ts";
export {
  DEFAULT_JOURNEY_MODEL_OPTIONS,
  JOURNEY_MODEL_NAMES,
  journeyModel,
  validateJourneyModelOptions,
  type JourneyModel,
  type JourneyModelName,
  type JourneyModelOptions,
} from "./models/journey-models.ts";
export { TOUCH_TYPES, type JourneyPath, type TouchType } from "./models/journey-path.ts";
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
export { creditResult, resultValue, type ResultCredits } from "./result-credits.ts";
export { shareOut } from "./shares.ts";
export { SMALL_AMOUNT, SmallShares } from "./small-shares.ts";
export type { TenantCounts } from "./journeys/results/batch-counts.ts";
export { BadEntryError } from "./journeys/bad-entry.ts";
export type { DescribedResult } from "./journeys/results/described-result.ts";
export type { Message } from "./journeys/outgoing-rows.ts";
export type { IdentityCounts } from "./journeys/identity/counts.ts";
export type { Place } from "./journeys/chains/key-homes.ts";
export { DEFAULT_JOURNEY_OPTIONS } from "./journeys/settings/options.ts";
export type { JourneyOptions, TenantJourneyOptions } from "./journeys/settings/options.ts";
export { PartitionState } from "./journeys/partition-state.ts";
export {
  DEFAULT_VOCABULARY_BYTES,
  OTHER_VALUE,
  Vocabulary,
} from "./journeys/vocabulary/vocabulary.ts";
export type { BatchOutcome, RestoredBlock } from "./journeys/outcome.ts";
export type { ResultBlockBytes } from "./journeys/results/attributor.ts";
export { mostFactsOfUser } from "./journeys/chains/user-bounds.ts";
export { MAX_FACTS_OF_USER, MAX_USERS } from "./journeys/tables/user-table.ts";
