/** A type that holds the values of two others. */
export interface Wider {
  readonly type: string;
  /** True when only looking at the values tells whether each stays what it was. */
  readonly inexact: boolean;
}

const signed = ["TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT"];
const unsigned = ["UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT"];
/** Most decimal digits of an integer type, by its place in the lists above. */
const digits = [3, 5, 10, 19, 39];
const times = ["TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP", "TIMESTAMP_NS"];

const exact = (type: string): Wider => ({ type, inexact: false });
const looked = (type: string): Wider => ({ type, inexact: true });
const rank = (type: string): number => Math.max(signed.indexOf(type), unsigned.indexOf(type));
const isInteger = (type: string): boolean => rank(type) >= 0;

function integer(a: string, b: string): Wider | undefined {
  for (const list of [signed, unsigned]) if (list.includes(a) && list.includes(b)) return exact(list[Math.max(rank(a), rank(b))] as string);
  const [plus, minus] = unsigned.includes(a) ? [a, b] : [b, a];
  const place = Math.max(rank(plus) + 1, rank(minus));
  const type = signed[place];
  return type === undefined ? undefined : exact(type);
}

const decimalOf = (type: string): readonly [whole: number, scale: number] | undefined => {
  const found = /^DECIMAL\((\d+),\s*(\d+)\)$/.exec(type);
  if (found) return [Number(found[1]) - Number(found[2]), Number(found[2])];
  return isInteger(type) ? [type === "UBIGINT" ? 20 : (digits[rank(type)] as number), 0] : undefined;
};

function decimal(a: string, b: string): Wider | undefined {
  const [one, other] = [decimalOf(a), decimalOf(b)];
  if (!one || !other) return undefined;
  const scale = Math.max(one[1], other[1]);
  const width = Math.max(one[0], other[0]) + scale;
  return width <= 38 ? exact(`DECIMAL(${width},${scale})`) : looked(`DECIMAL(38,${scale})`);
}

/**
 * The narrowest type that every value of both types keeps its meaning in; `undefined` where there is none: a text is no number, a day no
 * instant, and a decimal has no exact binary fraction.
 */
export function wider(a: string, b: string): Wider | undefined {
  if (a === b) return exact(a);
  if (a.endsWith("[]") && b.endsWith("[]")) {
    const item = wider(a.slice(0, -2), b.slice(0, -2));
    return item && { ...item, type: `${item.type}[]` };
  }
  const floats = [a, b].filter((type) => type === "DOUBLE" || type === "FLOAT").length;
  if (floats === 2) return exact("DOUBLE");
  if (floats === 1) {
    const other = a === "DOUBLE" || a === "FLOAT" ? b : a;
    if (!isInteger(other)) return undefined;
    return rank(other) <= 2 ? exact("DOUBLE") : looked("DOUBLE");
  }
  if (isInteger(a) && isInteger(b)) return integer(a, b);
  if (decimalOf(a) && decimalOf(b)) return decimal(a, b);
  const [first, second] = [times.indexOf(a), times.indexOf(b)];
  // Finer units reach less far.
  if (first >= 0 && second >= 0) return looked(times[Math.max(first, second)] as string);
  const texts = [a, b].every((type) => type === "VARCHAR" || type.startsWith("ENUM("));
  if (texts) return exact("VARCHAR");
  return [a, b].every((type) => type === "TIME" || type === "TIME_NS") ? exact("TIME_NS") : undefined;
}
