import { expect, test } from "vitest";
import { figure, fitted } from "../../src/drawing/figure.ts";

const caption = { title: "Value <by> channel", summary: "email leads" };

test("a figure says what it shows, and leaves its plot the rest of the room", () => {
  let room = { width: 0, height: 0 };
  const svg = figure({ width: 300, height: 200 }, caption, ["linear"], (given) => {
    room = given;
    return "<g/>";
  });
  expect(svg).toContain('role="img" aria-label="Value &lt;by&gt; channel. email leads"');
  expect(svg).toContain("<desc>email leads</desc>");
  expect(room).toEqual({ width: 276, height: 152 });
});

test("several series have a legend, in as many lines as it needs", () => {
  const roomOf = (series: readonly string[]): number => {
    let height = 0;
    figure({ width: 300, height: 400 }, caption, series, (room) => {
      height = room.height;
      return "";
    });
    return height;
  };
  expect(roomOf(["a", "b"])).toBeLessThan(roomOf(["a"]));
  expect(roomOf(Array.from({ length: 8 }, () => "time_decay"))).toBeLessThan(roomOf(["a", "b"]));
});

test("a long text is cut by characters, not within one", () => {
  expect(fitted("paid_search", 100)).toBe("paid_search");
  expect(fitted("🛒🛒🛒🛒🛒🛒", 20)).toBe("🛒🛒…");
});
