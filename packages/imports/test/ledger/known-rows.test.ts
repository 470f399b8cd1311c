import { unpack } from "msgpackr";
import { packEvents } from "@tributary/protocol";
import { expect, test } from "vitest";
import { KnownRows, LEDGER_ROWS, pieces } from "../../src/ledger/known-rows.ts";
import { newEvents } from "../../src/ledger/new-events.ts";
import { ROW_BYTES } from "../../src/rows/row-identity.ts";

const rowsOf = (count: number, fill: number): Buffer => Buffer.alloc(count * ROW_BYTES, fill);

test("a ledger is asked in pieces, and its answers are of the file's rows", async () => {
  const asked: number[] = [];
  const rows = [rowsOf(LEDGER_ROWS - 1, 1), rowsOf(3, 2)];
  const known = await KnownRows.find(rows, async (piece) => {
    asked.push(piece.length / ROW_BYTES);
    return asked.length === 1
      ? [{ place: LEDGER_ROWS - 1, same: true }]
      : [{ place: 1, same: false }];
  });
  expect(asked).toEqual([LEDGER_ROWS, 2]);
  expect([known.present, known.differing]).toEqual([2, 1]);
  const states = [LEDGER_ROWS - 2, LEDGER_ROWS - 1, LEDGER_ROWS, LEDGER_ROWS + 1];
  expect(states.map((place) => known.isNew(place))).toEqual([true, false, true, false]);
  expect(states.map((place) => known.isDiffering(place))).toEqual([false, false, false, true]);
  expect(Buffer.concat([...pieces(rows)]).equals(Buffer.concat(rows))).toBe(true);
});

test("of a batch what is new is sent, under the same IDs", async () => {
  const events = ["a", "b", "c"].map((id) => ({ id, type: "click", time: 1 }));
  const rows = Buffer.concat([rowsOf(1, 1), rowsOf(1, 2), rowsOf(1, 3)]);
  const batch = { body: packEvents(events), rows, lines: [2, 3, 4] };
  const find = (places: readonly number[]) =>
    KnownRows.find([rowsOf(2, 9), rows], async () =>
      places.map((place) => ({ place, same: true })),
    );
  expect(newEvents(batch, await find([0, 1]), 2)).toBe(batch);
  expect(newEvents(batch, await find([2, 3, 4]), 2)).toBeUndefined();
  const part = newEvents(batch, await find([3]), 2);
  expect(unpack(part?.body ?? Buffer.alloc(0))).toEqual([events[0], events[2]]);
  expect(part?.lines).toEqual([2, 4]);
  expect(part?.rows).toEqual(Buffer.concat([rowsOf(1, 1), rowsOf(1, 3)]));
});
