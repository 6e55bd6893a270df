import { expect, it } from "vitest";
import { parquetType } from "./parquet-types.ts";

it.each([
  ["BIGINT", "BIGINT"],
  ["DECIMAL(18,2)", "DECIMAL(18,2)"],
  ["TIMESTAMP WITH TIME ZONE", "TIMESTAMP WITH TIME ZONE"],
  ["HUGEINT", "DECIMAL(38,0)"],
  ["HUGEINT[][]", "DECIMAL(38,0)[][]"],
  ["INTEGER[3]", "INTEGER[]"],
  ["TIMESTAMP_S", "TIMESTAMP"],
  ["TIME WITH TIME ZONE", "VARCHAR"],
  ["INTERVAL", "VARCHAR"],
  ["ENUM('x', 'it''s', 'a,b)')[]", "VARCHAR[]"],
  ['STRUCT(HUGEINT BIGINT, "a b" INTEGER[])', 'STRUCT(HUGEINT BIGINT, "a b" INTEGER[])'],
  [
    "STRUCT(HUGEINT HUGEINT, \"it\"\"s,(\" DECIMAL(3,1)[], e ENUM('x', 'a,b)'))",
    'STRUCT(HUGEINT DECIMAL(38,0), "it""s,(" DECIMAL(3,1)[], e VARCHAR)',
  ],
  ["STRUCT(INTEGER, HUGEINT)", "STRUCT(INTEGER, DECIMAL(38,0))"],
  ["STRUCT(DECIMAL(18,2), INTEGER[])", "STRUCT(DECIMAL(18,2), INTEGER[])"],
  ["MAP(VARCHAR, STRUCT(a UHUGEINT, z TIMESTAMP WITH TIME ZONE))", "MAP(VARCHAR, STRUCT(a DECIMAL(38,0), z TIMESTAMP WITH TIME ZONE))"],
  ["UNION(a INTEGER, b VARCHAR)", undefined],
  ["STRUCT(u UNION(a INTEGER))", undefined],
  ["mood", undefined],
])("%s is kept as %s", (type, expected) => expect(parquetType(type)).toBe(expected));
