/** The seeded load of a chaos run: what is sent, in which order and form. */
import type { PlainEvent } from "@tributary/oracle";
import { below, createRandom, type Random } from "../../sample/random.ts";
import { ARRIVALS, landingOf, wayOn } from "./visits.ts";
import { isPassersByPartition, keyElsewhere } from "./passers-by-partition.ts";

const DAY_MS = 86_400_000;
/** Event times lie in this span before the run: some touchpoints are too old for their conversions. */
const SPAN_MS = 42 * DAY_MS;
const EVENTS_PER_USER = 12;
const TYPES = ["click", "click", "visit", "impression", "custom"] as const;
/** One touchpoint in so many follows an earlier one of its person, within a session or little later. */
const FOLLOWS_IN = 3;
/** The platform's session gap. */
const SESSION_MS = 30 * 60_000;
/** One that follows a click in so many is the page which a link led to. */
const LANDINGS_IN = 3;
/** One batch in so many is sent twice, as by an SDK that has not heard the answer. */
const TWICE_IN = 10;

/** Anonymous IDs that there are of each user: devices, and cookies that were lost. */
const DEVICES = 3;
/** One event with both IDs in so many is of a device that is another's. */
const SHARED_IN = 12;
/** One in so many has a value that stands for nothing. */
const NOBODY_IN = 40;
/** One conversion in so many reports an order once more: a thank-you page that is opened again, or page and server both. */
const ORDER_AGAIN_IN = 5;
/** One of those in so many is another goal of the order. */
const OTHER_GOAL_IN = 8;
/** User keys of a back office, which has none of its customers'. */
const OFFICES = 4;
/** One refund in so many comes from there. */
const OFFICE_IN = 3;
/** Anonymous IDs of a user that the platform of a run links: fewer than some have. */
export const MAX_ANONYMOUS_IDS = 2;

/** The tenants of the load; each has a write key and a read key of its name. */
export const TENANTS = ["acme", "globex"] as const;
export type Tenant = (typeof TENANTS)[number];

/** One request's worth. */
export interface WorkBatch {
  readonly tenant: string;
  readonly events: readonly PlainEvent[];
  readonly form: "json" | "msgpack";
  /** Sent again after it was taken. */
  readonly twice: boolean;
}

/** The latest event time of every run: nothing of a workload depends on when it is sent. */
const NOW = Date.UTC(2026, 0, 1);

/** Values that stand for nobody; one of them is in a partition of the load's, whatever the tenant. */
const NOBODIES = ["null", "NULL", "Null", "nULL"] as const;

/** What IDs begin with, of people who stay and of people who leave and are erased: no device is of both. */
type People = "" | "leaver-";

/** Every ID of a tenant's people who leave, each by itself. @param users how many of them there are */
export function* leaverIds(tenant: Tenant, users: number, partitions: number): Generator<Who> {
  const keys = new UserKeys(tenant, "leaver-", partitions);
  for (let person = 0; person < users; person += 1) {
    yield { userId: keys.user(person) };
    // Those beyond the limit are nobody's, and asked for by themselves.
    for (let device = 0; device < DEVICES; device += 1) {
      yield { anonymousId: keys.device(person, device) };
    }
  }
  for (let office = 0; office < OFFICES; office += 1) yield { userId: keys.office(office) };
}

/**
 * The batches of a seed, without end. People are known or not, on devices that are theirs or another's; they have touchpoints over six weeks, conversions, refunds and events that are
 * neither, in an order of arrival that has little to do with their times, so that many touchpoints come late.
 * @param users how many there are of each tenant
 * @param partitions of the platform, of which the last one is for passers-by
 * @param people whose events they are
 */
export function* workload(
  seed: number,
  users: number,
  batchEvents: number,
  partitions: number,
  people: People = "",
): Generator<WorkBatch, never> {
  const random = createRandom(seed);
  const makers = TENANTS.map(
    (tenant) =>
      new EventMaker(
        random,
        `${tenant}-${people}${seed}`,
        users,
        new UserKeys(tenant, people, partitions),
      ),
  );
  for (;;) {
    const which = below(random, TENANTS.length);
    const maker = makers[which] as EventMaker;
    yield {
      tenant: TENANTS[which] as Tenant,
      events: Array.from({ length: batchEvents }, () => maker.next()),
      form: random() < 0.5 ? "json" : "msgpack",
      twice: below(random, TWICE_IN) === 0,
    };
  }
}

/** How many users give each {@link EVENTS_PER_USER} events of a run. */
export function usersFor(events: number): number {
  return Math.max(1, Math.ceil(events / EVENTS_PER_USER / TENANTS.length));
}

/** The IDs that an event has. */
type Who = Pick<PlainEvent, "userId" | "anonymousId">;

interface Order {
  readonly who: Who;
  /** Whose device it was. */
  readonly person: string;
  readonly orderId: string;
  readonly time: number;
  readonly value: string;
}

class EventMaker {
  readonly #random: Random;
  readonly #prefix: string;
  readonly #users: number;
  readonly #keys: UserKeys;
  /** Orders that a refund may take back and a conversion repeat, the latest of them. */
  readonly #orders: Order[] = [];
  /** Touchpoints that others may follow, the latest of them. */
  readonly #touches: PlainEvent[] = [];
  #count = 0;

  constructor(random: Random, prefix: string, users: number, keys: UserKeys) {
    this.#random = random;
    this.#prefix = prefix;
    this.#users = users;
    this.#keys = keys;
  }

  next(): PlainEvent {
    const random = this.#random;
    const id = `${this.#prefix}-${this.#count}`;
    this.#count += 1;
    const person = below(random, this.#users);
    const who = this.#who(person);
    const time = NOW - below(random, SPAN_MS);
    const kind = random();
    if (kind < 0.12) return this.#conversion(id, who, this.#keys.user(person), time);
    if (kind < 0.14 && this.#orders.length > 0) return this.#refund(id);
    if (kind < 0.2 && who.userId !== undefined) return { id, type: "identify", time, ...who };
    const type = TYPES[below(random, TYPES.length)] as (typeof TYPES)[number];
    const touch = below(random, FOLLOWS_IN) === 0 ? this.#following(id) : undefined;
    if (touch !== undefined) return touch;
    const arrival = ARRIVALS[below(random, ARRIVALS.length)] ?? ARRIVALS[0];
    return this.#kept({ id, type, time, ...who, ...arrival });
  }

  /** A visit that goes on with an earlier touchpoint of its person, or comes by another way soon after. */
  #following(id: string): PlainEvent | undefined {
    const random = this.#random;
    const before = this.#touches[below(random, this.#touches.length)];
    if (before === undefined) return undefined;
    const time = before.time + below(random, 2 * SESSION_MS);
    if (time > NOW) return undefined;
    const { userId, anonymousId } = before;
    const who = {
      ...(userId === undefined ? {} : { userId }),
      ...(anonymousId === undefined ? {} : { anonymousId }),
    };
    const isLanding = before.type === "click" && below(random, LANDINGS_IN) === 0;
    const way = isLanding ? landingOf(before) : wayOn(before, random);
    return this.#kept({ id, type: "visit", time, ...who, ...way });
  }

  #kept(touch: PlainEvent): PlainEvent {
    this.#touches.push(touch);
    if (this.#touches.length > 200) this.#touches.shift();
    return touch;
  }

  /** A person is known, or not, or known on a device that was unknown before. */
  #who(person: number): Who {
    const random = this.#random;
    const kind = random();
    const userId = this.#keys.user(person);
    if (kind < 0.4) return { userId };
    const owner =
      kind > 0.7 && below(random, SHARED_IN) === 0 ? below(random, this.#users) : person;
    // Nobody's journey is nobody's to have erased.
    const nobody = this.#keys.haveNobody && below(random, NOBODY_IN) === 0;
    const anonymousId = nobody
      ? this.#keys.nobody
      : this.#keys.device(owner, below(random, DEVICES));
    return kind < 0.7 ? { anonymousId } : { userId, anonymousId };
  }

  #conversion(id: string, who: Who, person: string, time: number): PlainEvent {
    const random = this.#random;
    if (this.#orders.length > 0 && below(random, ORDER_AGAIN_IN) === 0) return this.#again(id);
    const orderId = this.#keys.order(id);
    const value = (random() * 500).toFixed(2);
    this.#orders.push({ who, person, orderId, time, value });
    if (this.#orders.length > 1000) this.#orders.shift();
    return { id, type: "conversion", time, ...who, orderId, value, currency: "EUR" };
  }

  /** An order once more, by the IDs that bought or by the user's. */
  #again(id: string): PlainEvent {
    const random = this.#random;
    const { who, person, orderId, time, value } = this.#orders[
      below(random, this.#orders.length)
    ] as Order;
    return {
      id,
      type: "conversion",
      time: Math.min(NOW, time + below(random, 600_000)),
      ...(random() < 0.5 ? who : { userId: person }),
      orderId,
      value,
      currency: "EUR",
      ...(below(random, OTHER_GOAL_IN) === 0 ? { name: "warranty" } : {}),
    };
  }

  #refund(id: string): PlainEvent {
    const random = this.#random;
    const order = this.#orders[below(random, this.#orders.length)] as Order;
    const whole = random() < 0.5;
    // Not always by the ID that bought.
    const buyer = random() < 0.5 ? order.who : { userId: order.person };
    const isOffice = below(random, OFFICE_IN) === 0;
    return {
      id,
      type: "refund",
      time: Math.min(NOW, order.time + 1000),
      ...(isOffice ? { userId: this.#keys.office(below(random, OFFICES)) } : buyer),
      orderId: order.orderId,
      ...(whole ? {} : { value: (random() * 100).toFixed(2), currency: "EUR" }),
    };
  }
}

/** The user keys of a tenant's people, none of them in the partition of passers-by. */
class UserKeys {
  readonly haveNobody: boolean;
  /** A value that stands for nobody. */
  readonly nobody: string;
  readonly #tenant: Tenant;
  readonly #people: People;
  readonly #partitions: number;

  constructor(tenant: Tenant, people: People, partitions: number) {
    this.#tenant = tenant;
    this.#people = people;
    this.#partitions = partitions;
    this.haveNobody = people === "";
    this.nobody =
      NOBODIES.find((value) => !isPassersByPartition(tenant, value, partitions)) ?? NOBODIES[0];
  }

  user(person: number): string {
    return this.#elsewhere(`${this.#people}user-${person}`);
  }

  device(person: number, device: number): string {
    return this.#elsewhere(`${this.#people}device-${person}-${device}`);
  }

  office(office: number): string {
    return this.#elsewhere(`${this.#people}office-${office}`);
  }

  /** An order's ID; its home is not the partition of passers-by either. @param id of the conversion */
  order(id: string): string {
    return this.#elsewhere(`order-${id}`);
  }

  #elsewhere(name: string): string {
    return keyElsewhere(this.#tenant, name, this.#partitions);
  }
}
