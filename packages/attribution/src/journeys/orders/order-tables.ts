import {
  type EventRow,
  FLAG_USER_UUID,
  packUuid,
  RARE_ORDER_ID,
  rareRange,
  UUID_BYTES,
  UUID_TEXT_BYTES,
} from "@tributary/protocol";
import type { JourneyTables } from "../chains/journey-tables.ts";
import type { KeyHomes } from "../chains/key-homes.ts";
import { GoalTable } from "./goal-table.ts";
import { OrderRule } from "./order-rule.ts";
import { OrderTable } from "./order-table.ts";
import { RefundTable } from "./refund-table.ts";

/** What a partition knows of orders: those of its own conversions and refunds, and those whose home it is. */
export class OrderTables {
  readonly rule: OrderRule;
  readonly orders: OrderTable;
  readonly goals: GoalTable;
  readonly refunds: RefundTable;
  readonly #tables: JourneyTables;
  readonly #homes: KeyHomes;
  readonly #uuid = new Uint8Array(UUID_BYTES);
  /** Orders, goals and refunds for which there was no room. */
  #full = 0;

  /** @param seed see OrderTable */
  constructor(tables: JourneyTables, homes: KeyHomes, seed: number) {
    this.rule = new OrderRule(tables.options, tables.vocabulary.dictionaries.tenants);
    this.orders = new OrderTable(seed);
    this.goals = new GoalTable(this.orders);
    this.refunds = new RefundTable(this.orders);
    this.#tables = tables;
    this.#homes = homes;
  }

  /** Bytes held, for accounting. */
  get byteLength(): number {
    return this.orders.byteLength + this.goals.byteLength + this.refunds.byteLength;
  }

  /** Orders, goals and refunds of the batch for which there was no room. */
  get full(): number {
    return this.#full;
  }

  /** Begins a batch. */
  begin(): void {
    this.#full = 0;
  }

  /**
   * The order that a conversion or refund names, new where it is. @param tenant code
   * @returns −1 where it names none, where the tenant uses an order ID for several orders, or where there is no room
   */
  orderOf(purchase: number, tenant: number): number {
    const { purchases } = this.#tables;
    const start = purchases.findText(purchase, RARE_ORDER_ID);
    if (start < 0 || !this.rule.holdsFor(tenant)) return -1;
    const { bytes } = purchases;
    const length = rareRange.end - start;
    if (length === UUID_TEXT_BYTES && packUuid(bytes, start, this.#uuid, 0)) {
      return this.#findOrAdd(tenant, this.#uuid, 0, UUID_BYTES, true);
    }
    return length === 0 ? -1 : this.#findOrAdd(tenant, bytes, start, length, false);
  }

  /** The order of a record's row; as {@link orderOf}. @param adds whether it is added where it is new; else −1 */
  orderOfRow(row: EventRow, adds: boolean): number {
    const { tenant, user, userStart, userLength } = row;
    if (!this.rule.holdsFor(tenant)) return -1;
    const uuid = (row.flags & FLAG_USER_UUID) !== 0;
    return adds
      ? this.#findOrAdd(tenant, user, userStart, userLength, uuid)
      : this.orders.find(tenant, user, userStart, userLength, uuid);
  }

  /** An order's goal, new where it is; −1 where there is no room. @param name is bytes[start … start + length) */
  goalOf(order: number, bytes: Uint8Array, start: number, length: number): number {
    const found = this.goals.find(order, bytes, start, length);
    if (found >= 0) return found;
    if (this.orders.goalsOf(order) < this.#tables.options.maxConversionsPerUser) {
      return this.goals.add(order, bytes, start, length);
    }
    this.#full += 1;
    return -1;
  }

  /**
   * Adds a refund of an order, where its event ID is new and there is room. @param uuid whether the ID is one
   * @returns its number; −1 where there is no room
   */
  addRefund(
    order: number,
    id: Uint8Array,
    uuid: boolean,
    value: Uint8Array,
    currency: Uint8Array,
    timeMs: number,
  ): number {
    if (this.orders.refundsOf(order) < this.#tables.options.maxConversionsPerUser) {
      return this.refunds.add(order, id, uuid, value, currency, timeMs);
    }
    this.#full += 1;
    return -1;
  }

  /** The order's home: the partition that decides which of its conversions count. */
  homeOf(order: number): number {
    const { orders } = this;
    const { bytes } = orders.arena;
    const start = orders.idPlace(order);
    return this.homeOfId(orders.tenantOf(order), bytes, start, orders.idLength(order));
  }

  /** The home of an order ID, which is bytes[start … start + length) as rows have it. @param tenant code */
  homeOfId(tenant: number, bytes: Uint8Array, start: number, length: number): number {
    return this.#homes.homeOfBytes(tenant, bytes, start, length);
  }

  #findOrAdd(
    tenant: number,
    bytes: Uint8Array,
    start: number,
    length: number,
    uuid: boolean,
  ): number {
    const found = this.orders.find(tenant, bytes, start, length, uuid);
    if (found >= 0) return found;
    if (this.orders.size < this.#tables.options.maxUsers) {
      return this.orders.add(tenant, bytes, start, length, uuid);
    }
    this.#full += 1;
    return -1;
  }
}
