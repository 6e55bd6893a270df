import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isSluiceError } from "./errors.ts";
import { keySelection, type SelectableAsset, selectAssets, selectionMistake, selectionUsesStatus } from "./selection.ts";

const asset = (key: string, upstream: readonly string[] = [], more: Partial<SelectableAsset> = {}): SelectableAsset => ({
  key,
  upstream,
  kinds: [],
  tags: {},
  owners: [],
  ioManager: "ioManager",
  ...more,
});

// raw_sales -> clean_sales -> sales_summary -> report;  rates -> sales_summary
const graph = [
  asset("raw_sales", [], { group: "load", kinds: ["csv"], tags: { priority: "high", pii: "" }, file: "assets/load/raw.ts", status: "fresh" }),
  asset("rates", [], { group: "load", owners: ["team@company.com"], file: "assets/load/rates.ts", status: "missing" }),
  asset("clean_sales", ["raw_sales"], { kinds: ["sql"], tags: { priority: "low" }, file: "assets/sales.ts", status: "stale" }),
  asset("sales_summary", ["clean_sales", "rates"], {
    group: "finance",
    kinds: ["sql"],
    ioManager: "warehouse",
    file: "assets/sales.ts",
    status: "failed",
  }),
  asset("shop/report", ["sales_summary"], { group: "finance", file: "assets/report.ts" }),
];
const all = graph.map(({ key }) => key);
const short = new Map([
  ["raw_sales", "r"],
  ["rates", "x"],
  ["clean_sales", "c"],
  ["sales_summary", "s"],
  ["shop/report", "o"],
]);
const select = (text: string) =>
  selectAssets(text, graph)
    .map((key) => short.get(key))
    .join("");

describe("selectAssets", () => {
  it.each([
    ["clean_sales", "c"],
    ["shop/report", "o"],
    ["key:clean_sales", "c"],
    ['"clean_sales"', "c"],
    ['key:"clean_sales"', "c"],
    ["*", "rxcso"],
    ["+clean_sales", "rc"],
    ["clean_sales+", "cso"],
    ["+clean_sales+", "rcso"],
    ["1+sales_summary", "xcs"],
    ["2+sales_summary", "rxcs"],
    ["clean_sales+1", "cs"],
    ["raw_sales+2", "rcs"],
    ["1+key:clean_sales+1", "rcs"],
    ["0+clean_sales", "c"],
    ["group:load", "rx"],
    ["group:load+1", "rxcs"],
    ["group:<null>", "c"],
    ["group:nothing", ""],
    ["tag:priority", "rc"],
    ["tag:priority=high", "r"],
    ['tag:priority="low"', "c"],
    ["tag:pii", "r"],
    ["tag:toString", ""],
    ["owner:team@company.com", "x"],
    ['owner:"team@company.com"', "x"],
    ["kind:sql", "cs"],
    ["io:warehouse", "s"],
    ["status:stale or status:missing", "xc"],
    ["file:assets/sales.ts", "cs"],
    ["file:./assets/load/", "rx"],
    ["file:assets/lo", ""],
    ["file:*.ts and not file:assets/load", "cso"],
    ["*_sales", "rc"],
    ["key:*sales*", "rcs"],
    ["shop/*", "o"],
    ["*o*", "o"],
    ['key:"*_sales" or *', "error"],
    ["kind:sql and group:finance", "s"],
    ["kind:sql AND NOT group:finance", "c"],
    ["not kind:sql", "rxo"],
    ["not not kind:sql", "cs"],
    ["raw_sales or rates and kind:sql", "r"],
    ["(raw_sales or rates) and group:load", "rx"],
    ["not raw_sales and not rates", "cso"],
    ["raw_sales, rates", "rx"],
    ["raw_sales,rates and kind:sql", "r"],
    ["sinks(*)", "o"],
    ["sinks(kind:sql)", "s"],
    ["roots(*)", "rx"],
    ["roots(kind:sql)", "c"],
    ["sinks(group:load)", "rx"],
    ["roots(sinks(*)+)", "o"],
    ["+sinks(kind:sql)", "rxcs"],
    ["+(clean_sales or rates)", "rxc"],
    ["  raw_sales   ", "r"],
  ])("%s", (text, expected) => {
    if (expected === "error") expect(() => select(text)).toThrow();
    else expect(select(text)).toBe(expected);
  });

  it("reads digits before a plus as a depth only where a selection follows", () => {
    const years = [asset("2023"), asset("2024", ["2023"]), asset("1st", ["2024"])];
    expect(selectAssets("2024+", years)).toEqual(["2024", "1st"]);
    expect(selectAssets("1+2024", years)).toEqual(["2023", "2024"]);
    expect(selectAssets("2+1st", years)).toEqual(["2023", "2024", "1st"]);
  });

  it("walks around a cycle once", () => {
    const cycle = [asset("a", ["b"]), asset("b", ["a"]), asset("c", ["c"])];
    expect(selectAssets("+a", cycle)).toEqual(["a", "b"]);
    expect(selectAssets("sinks(*)", cycle)).toEqual(["c"]);
  });

  it.each([
    ["", 0, "missing before the end"],
    ["raw_sales rates", 10, "follows without a word between"],
    ["raw_sales and", 13, "missing before the end"],
    ["and", 0, 'missing before "and"'],
    ["(raw_sales", 0, "never closed"],
    ["raw_sales)", 9, "never opened"],
    ["(raw_sales rates)", 11, "does not follow"],
    ["++raw_sales", 1, 'missing before "+"'],
    ["raw_sales++", 10, "only once"],
    ["colour:red", 0, 'no filter "colour:"'],
    ["tag:", 4, "a value is missing"],
    ["tag:a=", 6, "a value is missing"],
    ["leaves(raw_sales)", 0, 'no function "leaves"'],
    ['key:"raw', 4, "never closed"],
    ["raw_sales & rates", 10, "means nothing here"],
    ["raw_slaes", 0, 'no asset "raw_slaes"'],
    ["kind:sql or key:nowhere", 16, 'no asset "nowhere"'],
    ["status:old", 7, 'no status "old"'],
  ])("refuses %j, saying where", (text, offset, message) => {
    const mistake = selectionMistake(text, graph);
    expect(mistake).toMatchObject({ offset, message: expect.stringContaining(message) });
    const thrown = (() => {
      try {
        return selectAssets(text, graph);
      } catch (error) {
        return error;
      }
    })();
    expect(isSluiceError(thrown) && thrown.code).toBe("selection/invalid");
    expect((thrown as Error).message).toContain(message);
  });

  it("names the nearest key", () => {
    expect(selectionMistake("raw_slaes", graph)?.hint).toBe('Did you mean "raw_sales"?');
    expect(selectionMistake("group:load or report", graph)?.hint).toBe('Did you mean "shop/report"?');
  });

  it("knows when states are needed", () => {
    expect(selectionUsesStatus("group:a or not sinks(+status:stale)")).toBe(true);
    expect(selectionUsesStatus('group:status or "status:stale"')).toBe(false);
  });

  it("quotes a key that the grammar would misread", () => {
    for (const key of ["and", "2024", "a-b.c/d", "sinks", "-x"]) expect(selectAssets(keySelection(key), [asset(key), asset("other")])).toEqual([key]);
  });

  it("never fails otherwise than by saying where, whatever is typed", () => {
    const piece = fc.constantFrom(
      "raw_sales",
      "+",
      "2",
      "(",
      ")",
      "and",
      "or",
      "not",
      ",",
      ":",
      "tag",
      "=",
      "key:",
      "*",
      '"',
      "sinks(",
      " ",
      "<null>",
      "kind:sql",
      "☃",
      "\n",
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const text = pieces.join("");
        const mistake = selectionMistake(text, graph);
        if (mistake) expect(mistake.offset).toBeLessThanOrEqual(text.length);
        else expect(all).toEqual(expect.arrayContaining([...selectAssets(text, graph)]));
      }),
    );
  });

  it("agrees with sets: or is union, and is intersection, not is complement", () => {
    const term = fc.constantFrom("+sales_summary", "kind:sql", "group:load", "raw_sales+1", "sinks(*)", "*_sales");
    const has = (text: string) => new Set(selectAssets(text, graph));
    fc.assert(
      fc.property(term, term, (a, b) => {
        const [inA, inB] = [has(a), has(b)];
        expect(selectAssets(`${a} or ${b}`, graph)).toEqual(all.filter((key) => inA.has(key) || inB.has(key)));
        expect(selectAssets(`${a}, ${b}`, graph)).toEqual(all.filter((key) => inA.has(key) || inB.has(key)));
        expect(selectAssets(`${a} and ${b}`, graph)).toEqual(all.filter((key) => inA.has(key) && inB.has(key)));
        expect(selectAssets(`not (${a})`, graph)).toEqual(all.filter((key) => !inA.has(key)));
      }),
    );
  });
});
