/*
 * Parquet has no name for some of DuckDB's types, and DuckDB writes them as the nearest one without a word: HUGEINT becomes DOUBLE and
 * loses digits, TIME WITH TIME ZONE loses its zone. So every column is written as a type that Parquet keeps exactly, and the type to
 * cast it back to is recorded beside it. docs/decisions/0004-object-layout.md has the table, measured.
 */

/** A DuckDB type as DESCRIBE writes it, taken apart. */
type SqlType =
  | { readonly form: "plain"; readonly text: string; readonly name: string }
  | { readonly form: "list"; readonly item: SqlType; readonly size: string }
  | {
      readonly form: "group";
      readonly name: "STRUCT" | "MAP" | "UNION";
      readonly members: readonly { readonly name: string; readonly type: SqlType }[];
    };

function parseType(text: string): SqlType {
  let at = 0;
  const fail = (): never => {
    throw new Error(`"${text}" is no type that DuckDB writes, from character ${at}.`);
  };
  const space = (): void => {
    while (text[at] === " ") at += 1;
  };
  /** To the end of a quoted text, whose quotes are doubled inside. */
  const quoted = (): string => {
    const quote = text[at];
    const start = at;
    for (at += 1; text[at] !== quote || text[at + 1] === quote; at += text[at] === quote ? 2 : 1) if (at >= text.length) fail();
    at += 1;
    return text.slice(start, at);
  };
  const word = (): string => {
    const start = at;
    while (at < text.length && !" ,()[]\"'".includes(text[at] as string)) at += 1;
    return text.slice(start, at);
  };
  /** The rest of `DECIMAL(18,2)` or `ENUM('a', 'b')`, closing bracket included. */
  const bracket = (): string => {
    const start = at;
    for (let depth = 0; ; ) {
      if (at >= text.length) fail();
      if (text[at] === "'" || text[at] === '"') {
        quoted();
        continue;
      }
      if (text[at] === "(") depth += 1;
      if (text[at] === ")") depth -= 1;
      at += 1;
      if (depth === 0) return text.slice(start, at);
    }
  };
  const members = (named: boolean): { name: string; type: SqlType }[] => {
    const found: { name: string; type: SqlType }[] = [];
    for (at += 1; text[at] !== ")"; ) {
      space();
      const name = named ? (text[at] === '"' ? quoted() : word()) : "";
      space();
      // a struct without names has types only
      if (named && (text[at] === "," || text[at] === ")" || text[at] === "[" || text[at] === "(")) return [];
      found.push({ name, type: type() });
      space();
      if (text[at] === ",") at += 1;
      else if (text[at] !== ")") fail();
    }
    at += 1;
    return found;
  };
  const type = (): SqlType => {
    space();
    const start = at;
    let found: SqlType;
    const first = text[at] === '"' ? quoted() : word();
    if (first === "") fail();
    if ((first === "STRUCT" || first === "MAP" || first === "UNION") && text[at] === "(") {
      const open = at;
      let inside = members(first !== "MAP");
      if (first === "STRUCT" && inside.length === 0) {
        at = open;
        inside = members(false);
      }
      found = { form: "group", name: first, members: inside };
    } else {
      if (text[at] === "(") bracket();
      while (text[at] === " ") {
        at += 1;
        word();
      }
      found = { form: "plain", text: text.slice(start, at), name: first };
    }
    while (text[at] === "[") {
      const end = text.indexOf("]", at);
      if (end < 0) fail();
      found = { form: "list", item: found, size: text.slice(at + 1, end) };
      at = end + 1;
    }
    return found;
  };
  const whole = type();
  if (at !== text.length) fail();
  return whole;
}

/** Kept by Parquet as they are. */
const kept = new Set(
  (
    "BOOLEAN TINYINT SMALLINT INTEGER BIGINT UTINYINT USMALLINT UINTEGER UBIGINT FLOAT DOUBLE DECIMAL VARCHAR BLOB UUID DATE TIME TIME_NS " +
    "TIMESTAMP TIMESTAMP_NS TIMESTAMPTZ JSON VARIANT"
  ).split(" "),
);
/** Kept as another type, exactly; every value of a HUGEINT beyond 38 digits is refused by the cast. */
const others: Readonly<Record<string, string>> = {
  HUGEINT: "DECIMAL(38,0)",
  UHUGEINT: "DECIMAL(38,0)",
  TIMESTAMP_S: "TIMESTAMP",
  TIMESTAMP_MS: "TIMESTAMP",
  ENUM: "VARCHAR",
  BIT: "VARCHAR",
  BIGNUM: "VARCHAR",
  INTERVAL: "VARCHAR",
  TIMETZ: "VARCHAR",
};

/** `undefined` for a type that has no exact place in Parquet. */
function stored(type: SqlType): string | undefined {
  if (type.form === "plain") {
    if (type.text === "TIME WITH TIME ZONE") return "VARCHAR";
    if (type.text === '"NULL"') return "INTEGER";
    if (others[type.name] !== undefined) return others[type.name];
    return kept.has(type.name) ? type.text : undefined;
  }
  if (type.form === "list") {
    const item = stored(type.item);
    return item && `${item}[]`;
  }
  if (type.name === "UNION") return undefined;
  const members: string[] = [];
  for (const member of type.members) {
    const inner = stored(member.type);
    if (inner === undefined) return undefined;
    members.push(member.name === "" ? inner : `${member.name} ${inner}`);
  }
  return `${type.name}(${members.join(", ")})`;
}

const squeezed = (type: string): string => type.replaceAll(" ", "");

/** The type of a Parquet column that keeps every value of a DuckDB type: the same text where Parquet has it; `undefined` where there is none. */
export function parquetType(type: string): string | undefined {
  const found = stored(parseType(type));
  return found !== undefined && squeezed(found) === squeezed(type) ? type : found;
}
