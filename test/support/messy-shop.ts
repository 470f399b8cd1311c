/**
 * An ordinary shop's export with what is wrong with such files: times in six forms, amounts in four, currencies in five, words of
 * its own for the types, refunds that are negative, positive or empty, rows without a customer. What it means is counted here, from
 * what was meant and not from the text.
 */

export interface MessyShop {
  readonly header: string;
  /** Lines without their ends. */
  readonly lines: readonly string[];
  /** Lines without a customer. */
  readonly strangers: ReadonlySet<number>;
  readonly meant: readonly MeantRow[];
}

export interface MeantRow {
  readonly type: "click" | "conversion" | "refund";
  readonly time: number;
  readonly user: string;
  readonly source: string;
  readonly order: string;
  /** Cents; of a refund without a value those of the order. */
  readonly cents: number;
  readonly currency: string;
}

const MINUTE_MS = 60_000;
const ZONES = ["EUR", "USD"];

/** @param end ms since 1970: rows are of the 20 days before; Berlin's clocks must not change in them */
export function messyShop(rows: number, end: number, berlinOffsetHours: number): MessyShop {
  const random = generator(7);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  const meant: MeantRow[] = [];
  const lines: string[] = [];
  const strangers = new Set<number>();
  const orders: MeantRow[] = [];
  for (let i = 0; i < rows; i += 1) {
    const time = Math.floor(end / MINUTE_MS) * MINUTE_MS - (i + 1) * 90 * MINUTE_MS;
    const user = `cust${Math.floor(random() * 60)}`;
    const of = random();
    const refunded = of > 0.92 ? orders.shift() : undefined;
    const isOrder = refunded === undefined && of > 0.7;
    const row: MeantRow =
      refunded === undefined
        ? {
            type: isOrder ? "conversion" : "click",
            time,
            user,
            source: isOrder ? "" : pick(["google", "newsletter", "facebook", ""]),
            order: isOrder ? `R${1000 + i}` : "",
            cents: isOrder ? pick([4990, 129_900, 12_050, 1999]) : 0,
            currency: isOrder ? pick(ZONES) : "",
          }
        : { ...refunded, type: "refund", time: refunded.time + MINUTE_MS };
    const isStranger = row.type !== "refund" && random() < 0.08;
    if (isStranger) strangers.add(i);
    if (row.type === "conversion" && !isStranger) orders.push(row);
    meant.push(row);
    lines.push(lineOf(row, isStranger, berlinOffsetHours, pick));
  }
  return {
    header: "Datum;Kunde;Ereignis;utm_source;Umsatz;Währung;Bestellnr;Gerät",
    lines,
    strangers,
    meant,
  };
}

function lineOf(
  row: MeantRow,
  isStranger: boolean,
  offset: number,
  pick: <T>(list: readonly T[]) => T,
): string {
  const words = {
    click: ["click", "Klick"],
    conversion: ["order", "Bestellung"],
    refund: ["refund", "Retoure"],
  };
  const cells = [
    timeOf(row.time, offset, pick),
    isStranger ? "" : row.user,
    pick(words[row.type]),
    row.source === "" ? "" : pick([row.source, ` ${row.source} `]),
    row.type === "click" ? "" : amountOf(row, pick),
    row.type === "click" ? "" : row.currency === "EUR" ? pick(["EUR", "eur", "€", ""]) : "USD",
    row.order,
    pick(["desktop", "Mobile"]),
  ];
  return cells.join(";");
}

function timeOf(ms: number, offset: number, pick: <T>(list: readonly T[]) => T): string {
  const local = new Date(ms + offset * 3_600_000);
  const two = (number: number): string => String(number).padStart(2, "0");
  const [year, month, day] = [
    local.getUTCFullYear(),
    two(local.getUTCMonth() + 1),
    two(local.getUTCDate()),
  ];
  const [hour, minute] = [local.getUTCHours(), two(local.getUTCMinutes())];
  const half = `${two(hour % 12 === 0 ? 12 : hour % 12)}:${minute} ${hour < 12 ? "AM" : "PM"}`;
  return pick([
    `${day}.${month}.${year} ${two(hour)}:${minute}`,
    `${month}/${day}/${year} ${half}`,
    `${year}-${month}-${day} ${two(hour)}:${minute}:00`,
    `${year}-${month}-${day}T${two(hour)}:${minute}:00+0${offset}:00`,
    new Date(ms).toISOString().replace(".000", ""),
    String(ms / 1000),
  ]);
}

/** A refund of the whole order may have no amount. */
function amountOf(row: MeantRow, pick: <T>(list: readonly T[]) => T): string {
  const whole = String(Math.floor(row.cents / 100));
  const cents = String(row.cents % 100).padStart(2, "0");
  const grouped = (mark: string): string => whole.replace(/\B(?=(?:\d{3})+$)/g, mark);
  const text = pick([
    `${whole},${cents}`,
    `${grouped(".")},${cents}`,
    `${grouped(",")}.${cents}`,
    `${row.currency === "EUR" ? "€" : "US$"}${whole}.${cents}`,
  ]);
  return row.type === "refund" ? pick([text, `-${text}`, ""]) : text;
}

/** Mulberry32: the same numbers in every run. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
