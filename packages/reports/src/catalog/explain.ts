import {
  classifyChannel,
  type ChannelRule,
  type SessionGap,
  type TenantRules,
} from "@tributary/attribution";
import { QUERY_ONLY, unreadUtm, unreadUtmReason } from "@tributary/protocol";
import type { ConversionDetail, ConversionTouch, UserTouch } from "@tributary/warehouse";
import type { NotCountedReason, WentOnReason } from "../answers/conversion.ts";
import type { Windows } from "../question/journey-rules.ts";
import { findWentOn, type WentOn } from "./went-on.ts";

/** A touchpoint that a conversion's credits leave out. */
export interface NotCounted {
  readonly id: string;
  readonly type: string;
  /** ms since 1970. */
  readonly time: number;
  readonly channel: string;
  readonly source: string;
  readonly medium: string;
  readonly campaign: string;
  readonly channelRule: ChannelRule;
  /** What its address holds that is not read; absent where there is nothing. */
  readonly hints?: readonly string[];
  readonly reason: NotCountedReason;
  /** With reason `went_on`: the arrival that the visit goes on with. */
  readonly wentOnWith?: {
    readonly id: string;
    readonly type: string;
    /** ms since 1970. */
    readonly time: number;
    readonly because: WentOnReason;
  };
}

/** The workers' rules. */
export interface AppliedRules extends Windows {
  readonly sessionGapMs: SessionGap;
  /** Of a tenant that has its own. */
  readonly channels?: TenantRules | undefined;
}

/** A conversion with what its result omits: the rule behind each channel, and the touchpoints left out. */
export interface ExplainedConversion extends ConversionDetail {
  readonly touchpoints: readonly (ConversionTouch & {
    readonly channelRule?: ChannelRule;
    readonly hints?: readonly string[];
  })[];
  /** The user's other touchpoints, newest first; those after the conversion at the end. */
  readonly notCounted: readonly NotCounted[];
  /** Whether more exist than were read. */
  readonly notCountedTruncated: boolean;
}

/**
 * Compares a conversion's path with its user's touchpoints.
 * @param touches as readUserTouches gives them @param rules of the workers @param truncated whether there are more
 */
export function explain(
  detail: ConversionDetail,
  touches: readonly UserTouch[],
  rules: AppliedRules,
  truncated: boolean,
): ExplainedConversion {
  const byId = new Map(touches.map((touch) => [touch.id, touch]));
  const onPath = new Set(detail.touchpoints.map(({ id }) => id));
  const couldBe = touches.filter((touch) => reasonOf(touch, detail, rules) === "other_windows");
  const wentOn = findWentOn(couldBe, rules.sessionGapMs, (touch) =>
    channelRuleOf(touch, rules.channels),
  );
  return {
    ...detail,
    touchpoints: detail.touchpoints.map((touch) => {
      const fact = byId.get(touch.id);
      return fact === undefined
        ? touch
        : { ...touch, channelRule: channelRuleOf(fact, rules.channels), ...hintsOf(fact, rules) };
    }),
    notCounted: touches
      .filter(({ id }) => !onPath.has(id))
      .map((touch) => ({
        id: touch.id,
        type: touch.type,
        time: touch.time,
        channel: touch.channel,
        source: touch.source,
        medium: touch.medium,
        campaign: touch.campaign,
        channelRule: channelRuleOf(touch, rules.channels),
        ...hintsOf(touch, rules),
        ...notCountedBecause(reasonOf(touch, detail, rules), wentOn.get(touch.id)),
      })),
    notCountedTruncated: truncated,
  };
}

/** The rule that gives the touchpoint's channel; `explicit_channel` where its sender named another. */
function channelRuleOf(
  { channel, ...signal }: UserTouch,
  own: TenantRules | undefined,
): ChannelRule {
  const named = classifyChannel(signal, own);
  return named.channel === channel ? named.rule : "explicit_channel";
}

function hintsOf({ url }: UserTouch, { channels }: AppliedRules): { hints?: readonly string[] } {
  const unread = unreadUtm(url, channels?.utm ?? QUERY_ONLY);
  return unread.length === 0 ? {} : { hints: unread.map(unreadUtmReason) };
}

function notCountedBecause(
  reason: NotCountedReason,
  wentOn: WentOn | undefined,
): Pick<NotCounted, "reason" | "wentOnWith"> {
  if (wentOn === undefined) return { reason };
  const { arrival, because } = wentOn;
  const { id, type, time } = arrival;
  return { reason: "went_on", wentOnWith: { id, type, time, because } };
}

/** Why a touchpoint is not on the path, if it does not go on with another: `other_windows` where nothing else explains it. */
function reasonOf(
  { type, time, committedAt }: UserTouch,
  detail: ConversionDetail,
  windows: Windows,
): NotCountedReason {
  if (time > detail.time) return "after_conversion";
  const isView = type === "impression";
  if (detail.time - time > (isView ? windows.viewWindowMs : windows.clickWindowMs)) {
    return isView ? "outside_view_window" : "outside_click_window";
  }
  return committedAt > detail.attributedAt ? "arrived_later" : "other_windows";
}
