import { expect, test } from "vitest";
import { tableTexts } from "../../client/panels/table-texts.ts";
import { createSay, shortPlace, sizeWords } from "./words.ts";

const say = createSay(tableTexts({ t: (text) => text }));

test("one row is a row, and counts have the reader's separators", () => {
  expect(sizeWords(say, 1, 1, "en")).toBe("1 row × 1 column");
  expect(sizeWords(say, 0, 3, "en")).toBe("0 rows × 3 columns");
  expect(sizeWords(say, 1_240_113, 12, "de")).toBe("1.240.113 rows × 12 columns");
});

test.each([
  ["duckdb:/home/a b/shop/data/sales.duckdb/main.x", "file:///home/a%20b/shop", "data/sales.duckdb/main.x"],
  ["duckdb:/home/me/shop/data/sales.duckdb/main.x", "file:///home/me/Shop/", "data/sales.duckdb/main.x"],
  ["/home/me/shop/data/x.parquet", "file:///home/me/shop", "data/x.parquet"],
  ["file:///home/me/shop/data/x.parquet", "file:///home/me/shop", "data/x.parquet"],
  ["c:\\shop\\data\\x.parquet", "file:///c%3A/shop", "data\\x.parquet"],
  ["s3://bucket/home/me/shop/x", "file:///home/me/shop", "s3://bucket/home/me/shop/x"],
  ["/elsewhere/x.parquet", "file:///home/me/shop", "/elsewhere/x.parquet"],
  ["/home/me/shop2/x.parquet", "file:///home/me/shop", "/home/me/shop2/x.parquet"],
])("a table in the project is named from the project's folder: %s", (place, project, short) => {
  expect(shortPlace(place, project)).toBe(short);
});
