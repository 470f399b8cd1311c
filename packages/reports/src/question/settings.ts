import {
  DEFAULT_JOURNEY_OPTIONS,
  DIRECT_CHANNELS,
  type SessionGap,
  TenantRules,
} from "@tributary/attribution";
import { channelSettingsOf, type Tenants } from "@tributary/tenants";
import { DEFAULT_LEAD, type JourneyRules } from "./journey-rules.ts";

const DAY_MS = 86_400_000;

/** Settings of reports: the workers' rules, and bounds on questions. */
export interface ReportSettings {
  readonly clickWindowMs: number;
  readonly viewWindowMs: number;
  readonly sessionGapMs: SessionGap;
  readonly halfLifeMs: number;
  /** How much older than its tenant's watermark a conversion may be and still be attributed exactly. */
  readonly latenessMs: number;
  /** The longest window and half-life that may be asked for, ms. */
  readonly maxWindowMs: number;
  /** Of days, weeks and months where a question does not say: an IANA name. */
  readonly timeZone: string;
  /** Whether different orders have the same ID, so that no conversion is a duplicate order. */
  readonly reusedOrderIds: boolean;
  /** Channels that last_non_direct passes over. */
  readonly directChannels: readonly string[];
  /** Of a tenant that has its own. */
  readonly channels?: TenantRules | undefined;
}

export const DEFAULT_REPORT_SETTINGS: ReportSettings = Object.freeze({
  clickWindowMs: DEFAULT_JOURNEY_OPTIONS.clickWindowMs,
  viewWindowMs: DEFAULT_JOURNEY_OPTIONS.viewWindowMs,
  sessionGapMs: DEFAULT_JOURNEY_OPTIONS.sessionGapMs,
  halfLifeMs: DEFAULT_JOURNEY_OPTIONS.models.timeDecay.halfLifeMs,
  latenessMs: DEFAULT_JOURNEY_OPTIONS.latenessMs,
  maxWindowMs: 400 * DAY_MS,
  timeZone: "UTC",
  reusedOrderIds: false,
  directChannels: DIRECT_CHANNELS,
});

/** Each tenant's settings. */
export class SettingsByTenant {
  readonly #everybody: ReportSettings;
  readonly #own: ReadonlyMap<string, ReportSettings>;

  constructor(everybody: ReportSettings, { byName }: Tenants) {
    this.#everybody = everybody;
    this.#own = new Map(
      [...byName].map(([name, settings]) => {
        const { windows, arrivals, timeZone } = settings;
        const own = channelSettingsOf(settings);
        return [
          name,
          {
            ...everybody,
            directChannels: settings.directChannels ?? everybody.directChannels,
            clickWindowMs: windows?.click ?? everybody.clickWindowMs,
            viewWindowMs: windows?.view ?? everybody.viewWindowMs,
            sessionGapMs: arrivals ?? everybody.sessionGapMs,
            timeZone: timeZone ?? everybody.timeZone,
            reusedOrderIds: settings.reusedOrderIds ?? everybody.reusedOrderIds,
            channels: own === undefined ? undefined : new TenantRules(own),
          },
        ];
      }),
    );
  }

  of(tenant: string): ReportSettings {
    return this.#own.get(tenant) ?? this.#everybody;
  }
}

/** The rules by which the workers attribute. */
export function configuredRules(settings: ReportSettings): JourneyRules {
  return {
    clickWindowMs: settings.clickWindowMs,
    viewWindowMs: settings.viewWindowMs,
    sessionGapMs: settings.sessionGapMs,
    halfLifeMs: settings.halfLifeMs,
    directChannels: settings.directChannels,
    windows: new Map(),
    viewThrough: true,
    clickBeatsImpression: false,
    leaveOut: [],
    conversionTouch: false,
    afterConversion: "keep",
    lead: DEFAULT_LEAD,
    reusedOrderIds: settings.reusedOrderIds,
  };
}
