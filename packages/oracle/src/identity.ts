/** Who is who, written plainly over all events at once; docs/identity.md has the rules. */

export interface IdentityRules {
  /** Anonymous IDs that a user may have. */
  readonly limit: number;
  /** Values that are never linked, in lower case without surrounding spaces. */
  readonly unlinked: readonly string[];
}

/** The platform's defaults. */
export const DEFAULT_IDENTITY_RULES: IdentityRules = {
  limit: 32,
  unlinked: [
    "",
    "0",
    "-1",
    "null",
    "undefined",
    "none",
    "nil",
    "nan",
    "true",
    "false",
    "unknown",
    "anonymous",
    "guest",
    "(not set)",
    "[object object]",
    "00000000-0000-0000-0000-000000000000",
  ],
};

interface Identified {
  readonly time: number;
  readonly userId?: string;
  readonly anonymousId?: string;
}

interface Pair {
  readonly user: string;
  readonly anonymous: string;
  readonly time: number;
}

/**
 * Whose an event is: `u:` and the user ID, or `a:` and an anonymous ID of no user.
 * @param rules undefined links nothing
 */
export function ownersOf(
  events: readonly Identified[],
  rules: IdentityRules | undefined,
): (event: Identified) => string {
  const owners = new Map<string, string>();
  if (rules !== undefined && rules.limit > 0) {
    const pairs = pairsOf(events, rules.unlinked);
    const taken = new Set<Pair>();
    for (const own of Map.groupBy(pairs, ({ user }) => user).values()) {
      const first = own.toSorted((a, b) => a.time - b.time || compare(a.anonymous, b.anonymous));
      for (const pair of first.slice(0, rules.limit)) taken.add(pair);
    }
    for (const [anonymous, own] of Map.groupBy(pairs, (pair) => pair.anonymous)) {
      const [first] = own.toSorted((a, b) => a.time - b.time || compare(a.user, b.user));
      if (first !== undefined && taken.has(first)) owners.set(anonymous, first.user);
    }
  }
  return ({ userId, anonymousId = "" }) => {
    const user = userId ?? owners.get(anonymousId);
    return user === undefined ? `a:${anonymousId}` : `u:${user}`;
  };
}

/** Each user with each of their anonymous IDs, at the earliest event that has both. */
function pairsOf(events: readonly Identified[], unlinked: readonly string[]): Pair[] {
  const pairs = new Map<string, Pair>();
  const counts = (id: string): boolean => !unlinked.includes(id.trim().toLowerCase());
  for (const { userId: user, anonymousId: anonymous, time } of events) {
    if (user === undefined || anonymous === undefined) continue;
    if (!counts(user) || !counts(anonymous)) continue;
    const key = JSON.stringify([user, anonymous]);
    const known = pairs.get(key);
    if (known === undefined || time < known.time) pairs.set(key, { user, anonymous, time });
  }
  return [...pairs.values()];
}

function compare(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
