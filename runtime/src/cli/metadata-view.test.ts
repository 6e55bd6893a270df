import { expect, test } from "vitest";
import { link, md, table } from "../assets/context.ts";
import { metadataText } from "./metadata-view.ts";
import type { Terminal } from "./terminal.ts";

const terminal = (columns: number): Terminal => ({
  out: () => {},
  error: () => {},
  flush: async () => {},
  interactive: false,
  columns: () => columns,
  paint: (_, text) => text,
});

test("shows each name once, markdown as it was written and tables as tables, beside what the line of the asset says", () => {
  const metadata = {
    place: "duckdb:x",
    rows: 3,
    bytes: 12_345,
    columns: [{ name: "a", type: "BIGINT" }],
    note: md("**bold**\nsecond"),
    site: link("https://example.org/x", "the site"),
    top: table([
      { name: "Ada", n: 1 },
      { name: "", n: 22 },
    ]),
    nested: { a: [1, 2] },
  };
  expect(metadataText(metadata, terminal(80))).toBe(
    [
      "    bytes    12.3 kB",
      "    columns  a BIGINT",
      "    note     **bold**",
      "             second",
      "    site     the site (https://example.org/x)",
      "    top      name   n",
      "             ────  ──",
      "             Ada    1",
      '             ""    22',
      '    nested   {"a":[1,2]}',
      "",
    ].join("\n"),
  );
});

test("obeys nothing that a text asks of the terminal, and keeps within it", () => {
  const metadata = {
    "bad\u001b[31m\nname": "red \u001b[31mtext\u202e\u0007 and\nmore",
    list: table([{ "a\u001b[2J": "\u001b[2J\nx" }]),
    text: md(`\u001b]0;title\u0007${"long ".repeat(100)}`),
    lines: md(Array.from({ length: 100 }, (_, i) => `line ${i}`).join("\n")),
    away: link("javascript:alert(1)", "click\u001b[1m"),
  };
  const text = metadataText(metadata, terminal(60));
  for (const mark of ["\u001b", "\u0007", "\u202e"]) expect(text).not.toContain(mark);
  expect(text).toContain("… 80 more lines");
  expect(text.split("\n").every((line) => line.length <= 60)).toBe(true);
  expect(text).not.toContain("javascript:");
});
