import type { DimensionField, UtmReading } from "@tributary/protocol";
import type { TenantSettings } from "./schema.ts";

/** What naming a touchpoint's channel, and a dimension's names, needs of a tenant's settings. */
export interface OwnChannelSettings {
  readonly rules: NonNullable<TenantSettings["channels"]>;
  readonly excludedReferrers: readonly string[];
  readonly names:
    | {
        readonly fold: readonly DimensionField[];
        readonly aliases: NonNullable<TenantSettings["aliases"]>;
      }
    | undefined;
  readonly utm: UtmReading;
  /** Channels that last_non_direct passes over. */
  readonly direct: readonly string[] | undefined;
}

/** Undefined for a tenant that has no settings of its own about channels. Workers and reports name by the same. */
export function channelSettingsOf(settings: TenantSettings): OwnChannelSettings | undefined {
  const { channels, referralExclusions, directChannels, fold, aliases, utm } = settings;
  if (
    [channels, referralExclusions, directChannels, fold, aliases, utm].every(
      (each) => each === undefined,
    )
  )
    return undefined;
  return {
    rules: channels ?? [],
    excludedReferrers: referralExclusions ?? [],
    names:
      fold === undefined && aliases === undefined
        ? undefined
        : { fold: fold ?? [], aliases: aliases ?? {} },
    utm: utmReadingOf(settings),
    direct: directChannels,
  };
}

/** Where a tenant's UTM parameters are read. */
export function utmReadingOf({ utm }: TenantSettings): UtmReading {
  return { fragments: utm?.fragments ?? false, escaped: utm?.escaped ?? false };
}
