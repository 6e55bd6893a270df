import fc from "fast-check";
import { expect, test } from "vitest";
import { copyText, toTsv } from "./copy.ts";

/** Reads tab-separated text back, as a spreadsheet does, but telling nothing from `""`. */
function readTsv(text: string): (string | null)[][] {
  const rows: (string | null)[][] = [[]];
  for (let at = 0; ; ) {
    let cell: string | null = null;
    if (text[at] === '"') {
      cell = "";
      for (at++; !(text[at] === '"' && text[at + 1] !== '"'); at++) {
        cell += text[at];
        if (text[at] === '"') at++;
      }
      at++;
    } else {
      const from = at;
      while (at < text.length && text[at] !== "\t" && text[at] !== "\n") at++;
      if (at > from) cell = text.slice(from, at);
    }
    rows.at(-1)?.push(cell);
    if (at >= text.length) return rows;
    if (text[at] === "\n") rows.push([]);
    at++;
  }
}

test("what was copied reads back the same: NULL, empty and NULL as a text stay three things", () => {
  const cell = fc.oneof(fc.constantFrom(null, "", "NULL", '"', '""', "\t", "a\nb", "\r"), fc.string({ unit: "grapheme" }));
  fc.assert(
    fc.property(
      fc
        .integer({ min: 2, max: 4 })
        .chain((width) => fc.array(fc.array(cell, { minLength: width, maxLength: width }), { minLength: 1, maxLength: 5 })),
      (rows) => {
        expect(readTsv(toTsv(rows))).toEqual(rows);
      },
    ),
  );
});

test("one cell alone is copied as it is, but an empty string does not look like NULL", () => {
  expect(toTsv([["a\tb\n"]])).toBe("a\tb\n");
  expect(toTsv([['{"a": 1}']])).toBe('{"a": 1}');
  expect(toTsv([[null]])).toBe("");
  expect(toTsv([[""]])).toBe('""');
  expect(toTsv([['""']])).toBe('""""""');
});

test("JSON keeps every digit, and what is no JSON number is a text", () => {
  const columns = [
    { name: "n", kind: "number" },
    { name: 'the "b"', kind: "boolean" },
    { name: "t", kind: "text" },
  ] as const;
  const text = copyText(
    "json",
    [
      ["9223372036854775807", "true", ""],
      ["NaN", null, "true"],
    ],
    columns,
  );
  expect(text).toBe('[\n  {"n": 9223372036854775807, "the \\"b\\"": true, "t": ""},\n  {"n": "NaN", "the \\"b\\"": null, "t": "true"}\n]');
});

test("column names come first when asked for", () => {
  expect(
    copyText(
      "tsv-with-header",
      [["1", null]],
      [
        { name: "a", kind: "number" },
        { name: "b\tc", kind: "text" },
      ],
    ),
  ).toBe('a\t"b\tc"\n1\t');
});
