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

/** Parts between the commas that are neither in brackets nor in quotes. */
function parts(text: string): readonly string[] {
  const found: string[] = [];
  let depth = 0;
  let from = 0;
  for (let i = 0; i < text.length; i++) {
    const character = text[i] as string;
    if (character === '"' || character === "'") {
      const end = text.indexOf(character, i + 1);
      i = end < 0 ? text.length : end;
    } else if (character === "(") depth++;
    else if (character === ")") depth--;
    else if (character === "," && depth === 0) {
      found.push(text.slice(from, i));
      from = i + 1;
    }
  }
  return [...found, text.slice(from)].map((part) => part.trim());
}

/** Names, quoted where they need it, and types of a STRUCT's members; `undefined` for another type, and for members without names. */
function membersOf(type: string): readonly (readonly [name: string, type: string])[] | undefined {
  if (!type.startsWith("STRUCT(") || !type.endsWith(")")) return undefined;
  const members = parts(type.slice("STRUCT(".length, -1)).map((part) => /^("(?:[^"]|"")*"|[^\s"]+)\s+([\s\S]+)$/.exec(part));
  return members.every((member) => member !== null) ? members.map((member) => [member[1] as string, member[2] as string]) : undefined;
}

/** Members of both, by name; a value of one side has null for those of the other. */
function struct(a: string, b: string): Wider | undefined {
  const [one, other] = [membersOf(a), membersOf(b)];
  if (!one || !other) return undefined;
  const folded = (name: string): string => (name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name).toLowerCase();
  const same = (name: string) => (member: readonly [string, string]) => folded(member[0]) === folded(name);
  let inexact = false;
  const members: string[] = [];
  for (const [name, type] of [...one, ...other.filter(([theirs]) => !one.some(same(theirs)))]) {
    const match = one.some(same(name)) ? other.find(same(name)) : undefined;
    const found = match ? wider(type, match[1]) : exact(type);
    if (!found) return undefined;
    inexact ||= found.inexact;
    members.push(`${name} ${found.type}`);
  }
  // Two without a member in common are not the same thing grown.
  return other.some(([name]) => one.some(same(name))) ? { type: `STRUCT(${members.join(", ")})`, inexact } : undefined;
}

/**
 * The narrowest type that every value of both types keeps its meaning in; `undefined` where there is none: a text is no number, a day no
 * instant, and a decimal has no exact binary fraction. A struct takes the members of both.
 */
export function wider(a: string, b: string): Wider | undefined {
  if (a === b) return exact(a);
  if (a.endsWith("[]") && b.endsWith("[]")) {
    const item = wider(a.slice(0, -2), b.slice(0, -2));
    return item && { ...item, type: `${item.type}[]` };
  }
  if (a.startsWith("STRUCT(")) return struct(a, b);
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
