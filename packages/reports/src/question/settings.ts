import { DEFAULT_JOURNEY_OPTIONS, DIRECT_CHANNELS, TenantRules } from "@tributary/attribution";
import { channelSettingsOf, type Tenants } from "@tributary/tenants";
import { DEFAULT_LEAD, type JourneyRules } from "./journey-rules.ts";

const DAY_MS = 86_400_000;

/** Settings of reports: the workers' rules, and bounds on questions. */
export interface ReportSettings {
  readonly clickWindowMs: number;
  readonly viewWindowMs: number;
  readonly halfLifeMs: number;
  /** How much older than its tenant's watermark a conversion may be and still be attributed exactly. */
  readonly latenessMs: number;
  /** The longest window and half-life that may be asked for, ms. */
  readonly maxWindowMs: number;
  /** Of days, weeks and months where a question does not say: an IANA name. */
  readonly timeZone: string;
  /** Channels that last_non_direct passes over. */
  readonly directChannels: readonly string[];
  /** Of a tenant that has its own. */
  readonly channels?: TenantRules | undefined;
}

export const DEFAULT_REPORT_SETTINGS: ReportSettings = Object.freeze({
  clickWindowMs: DEFAULT_JOURNEY_OPTIONS.clickWindowMs,
  viewWindowMs: DEFAULT_JOURNEY_OPTIONS.viewWindowMs,
  halfLifeMs: DEFAULT_JOURNEY_OPTIONS.models.timeDecay.halfLifeMs,
  latenessMs: DEFAULT_JOURNEY_OPTIONS.latenessMs,
  maxWindowMs: 400 * DAY_MS,
  timeZone: "UTC",
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
        const { windows, timeZone } = settings;
        const own = channelSettingsOf(settings);
        return [
          name,
          {
            ...everybody,
            directChannels: settings.directChannels ?? everybody.directChannels,
            clickWindowMs: windows?.click ?? everybody.clickWindowMs,
            viewWindowMs: windows?.view ?? everybody.viewWindowMs,
            timeZone: timeZone ?? everybody.timeZone,
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
    halfLifeMs: settings.halfLifeMs,
    directChannels: settings.directChannels,
    windows: new Map(),
    viewThrough: true,
    clickBeatsImpression: false,
    leaveOut: [],
    conversionTouch: false,
    afterConversion: "keep",
    lead: DEFAULT_LEAD,
  };
}
