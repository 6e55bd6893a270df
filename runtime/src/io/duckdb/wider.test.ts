import { expect, it } from "vitest";
import { wider } from "./wider.ts";

it.each([
  ["TINYINT", "BIGINT", "BIGINT", false],
  ["UTINYINT", "TINYINT", "SMALLINT", false],
  ["UBIGINT", "BIGINT", "HUGEINT", false],
  ["UBIGINT", "UINTEGER", "UBIGINT", false],
  ["INTEGER", "DOUBLE", "DOUBLE", false],
  ["BIGINT", "DOUBLE", "DOUBLE", true],
  ["INTEGER", "FLOAT", "DOUBLE", false],
  ["FLOAT", "DOUBLE", "DOUBLE", false],
  ["DECIMAL(9,2)", "DECIMAL(18,4)", "DECIMAL(18,4)", false],
  ["DECIMAL(9,2)", "DECIMAL(9,6)", "DECIMAL(13,6)", false],
  ["BIGINT", "DECIMAL(9,2)", "DECIMAL(21,2)", false],
  ["DECIMAL(38,0)", "DECIMAL(9,2)", "DECIMAL(38,2)", true],
  ["HUGEINT", "DECIMAL(9,2)", "DECIMAL(38,2)", true],
  ["TIMESTAMP_S", "TIMESTAMP", "TIMESTAMP", true],
  ["TIMESTAMP", "TIMESTAMP_NS", "TIMESTAMP_NS", true],
  ["BIGINT[]", "DOUBLE[]", "DOUBLE[]", true],
  ["ENUM('a')", "ENUM('b')", "VARCHAR", false],
  ["TIME", "TIME_NS", "TIME_NS", false],
  ["STRUCT(a BIGINT)", "STRUCT(a DOUBLE)", "STRUCT(a DOUBLE)", true],
  ["STRUCT(a INTEGER, b VARCHAR)[]", "STRUCT(a BIGINT, b VARCHAR)[]", "STRUCT(a BIGINT, b VARCHAR)[]", false],
  [
    `STRUCT("a, (b" INTEGER, e ENUM('x, (', 'it''s'), s STRUCT(t TIMESTAMP WITH TIME ZONE, d DECIMAL(9,2)))`,
    `STRUCT("a, (b" BIGINT, e ENUM('y'), s STRUCT(t TIMESTAMP WITH TIME ZONE, d DECIMAL(18,4)))`,
    'STRUCT("a, (b" BIGINT, e VARCHAR, s STRUCT(t TIMESTAMP WITH TIME ZONE, d DECIMAL(18,4)))',
    false,
  ],
])("%s and %s are both %s", (a, b, type, inexact) => {
  expect(wider(a, b)).toEqual({ type, inexact });
  expect(wider(b, a)).toEqual({ type, inexact });
});

it.each([
  ["BIGINT", "VARCHAR"],
  ["DECIMAL(9,2)", "DOUBLE"],
  ["DATE", "TIMESTAMP"],
  ["TIMESTAMP", "TIMESTAMP WITH TIME ZONE"],
  ["BOOLEAN", "INTEGER"],
  ["UHUGEINT", "TINYINT"],
  ["BIGINT[]", "BIGINT"],
  ["STRUCT(a BIGINT)", "STRUCT(a VARCHAR)"],
  ["STRUCT(a BIGINT)", "STRUCT(b BIGINT)"],
  ["STRUCT(a BIGINT)", "BIGINT"],
  ["STRUCT(INTEGER, VARCHAR)", "STRUCT(BIGINT, VARCHAR)"],
])("no type is both %s and %s", (a, b) => {
  expect(wider(a, b)).toBeUndefined();
  expect(wider(b, a)).toBeUndefined();
});

it("gives a struct the members of both, in the order of the first", () => {
  expect(wider("STRUCT(a INTEGER, b VARCHAR)", 'STRUCT("c d" DATE, B VARCHAR, a BIGINT)')).toEqual({
    type: 'STRUCT(a BIGINT, b VARCHAR, "c d" DATE)',
    inexact: false,
  });
});
