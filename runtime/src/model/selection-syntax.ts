/** What a filter looks at. */
export const selectionFilters = ["key", "tag", "owner", "group", "kind", "io", "status", "file"] as const;
export type SelectionFilter = (typeof selectionFilters)[number];

/** A selection as its text says it. `at` is the offset of what it was read from, for messages. */
export type Selection =
  | { readonly type: "all" }
  | {
      readonly type: "filter";
      readonly filter: SelectionFilter;
      readonly value: string | null;
      readonly tagValue?: string | null;
      readonly quoted: boolean;
      readonly at: number;
    }
  | { readonly type: "walk"; readonly of: Selection; readonly up?: number; readonly down?: number }
  | { readonly type: "sinks" | "roots" | "not"; readonly of: Selection }
  | { readonly type: "and" | "or"; readonly parts: readonly Selection[] };

/** Why a selection cannot be read: where (offset and length in the text), what was found, what would do. */
export interface SelectionMistake {
  readonly offset: number;
  readonly length: number;
  readonly message: string;
  readonly hint?: string;
}

type TokenType = "word" | "quoted" | "+" | "(" | ")" | "," | "=" | ":" | "null" | "end";
interface Token {
  readonly type: TokenType;
  readonly text: string;
  readonly at: number;
  readonly length: number;
}

const word = /[\p{L}\p{M}\p{N}_.\-/*@]+/uy;
const space = /\s+/y;
const digits = /^\d+$/;
const operators = new Set(["and", "AND", "or", "OR", "not", "NOT"]);
const examples = 'Write a key ("sales_summary"), "+key" or "key+" with what is up- or downstream, or a filter such as "group:sales".';

const mistake = (at: Token, message: string, hint?: string): SelectionMistake => ({
  offset: at.at,
  length: at.length,
  message,
  ...(hint === undefined ? {} : { hint }),
});

function tokens(text: string): Token[] | SelectionMistake {
  const found: Token[] = [];
  let at = 0;
  const push = (type: TokenType, value: string, length: number) => {
    found.push({ type, text: value, at, length });
    at += length;
  };
  while (at < text.length) {
    space.lastIndex = at;
    if (space.test(text)) {
      at = space.lastIndex;
      continue;
    }
    const char = text[at]!;
    if (char === '"') {
      const end = text.indexOf('"', at + 1);
      if (end < 0) return { offset: at, length: text.length - at, message: "the quote is never closed" };
      push("quoted", text.slice(at + 1, end), end + 1 - at);
    } else if (text.startsWith("<null>", at)) push("null", "<null>", 6);
    else if (char === "+" || char === "(" || char === ")" || char === "," || char === "=" || char === ":") push(char, char, 1);
    else {
      word.lastIndex = at;
      const match = word.exec(text);
      if (!match) {
        const bad = String.fromCodePoint(text.codePointAt(at)!);
        return {
          offset: at,
          length: bad.length,
          message: `"${bad}" means nothing here`,
          hint: 'Put a value with other characters in quotes: key:"a b".',
        };
      }
      push("word", match[0], match[0].length);
    }
  }
  found.push({ type: "end", text: "", at: text.length, length: 0 });
  return found;
}

const shown = (token: Token) => (token.type === "end" ? "the end" : token.type === "quoted" ? `"${token.text}" in quotes` : `"${token.text}"`);

/** Carries a mistake out of the recursive descent. */
class Wrong extends Error {
  readonly mistake: SelectionMistake;
  constructor(found: SelectionMistake) {
    super(found.message);
    this.mistake = found;
  }
}

/**
 * Reads a selection: Dagster's grammar (not binds tighter than and, and tighter than or), and a comma as the loosest `or`.
 * Two selections with nothing but a space between them are a mistake: other tools read that as `or`, some as `and`.
 */
export function parseSelection(text: string): Selection | SelectionMistake {
  const found = tokens(text);
  if (!Array.isArray(found)) return found;
  const list = found;
  let next = 0;
  const peek = (ahead = 0) => list[Math.min(next + ahead, list.length - 1)]!;
  const take = () => list[next++]!;
  const isOperator = (token: Token, name: string) => token.type === "word" && (token.text === name || token.text === name.toUpperCase());
  const startsPrimary = (token: Token) => token.type === "quoted" || token.type === "(" || (token.type === "word" && !operators.has(token.text));

  const fail = (at: Token, message: string, hint?: string): never => {
    throw new Wrong(mistake(at, message, hint));
  };

  function several(type: "and" | "or", part: () => Selection, goesOn: () => boolean): Selection {
    const parts = [part()];
    while (goesOn()) {
      next++;
      parts.push(part());
    }
    return parts.length === 1 ? parts[0]! : { type, parts };
  }
  const commas = (): Selection => several("or", or, () => peek().type === ",");
  const or = (): Selection => several("or", and, () => isOperator(peek(), "or"));
  const and = (): Selection => several("and", not, () => isOperator(peek(), "and"));
  function not(): Selection {
    if (!isOperator(peek(), "not")) return walk();
    next++;
    return { type: "not", of: not() };
  }

  function walk(): Selection {
    let up: number | undefined;
    if (peek().type === "+") {
      next++;
      up = Number.POSITIVE_INFINITY;
    } else if (peek().type === "word" && digits.test(peek().text) && peek(1).type === "+" && startsPrimary(peek(2))) {
      up = Number(take().text);
      next++;
    }
    const of = primary();
    let down: number | undefined;
    if (peek().type === "+") {
      const plus = take();
      const depth = peek();
      down = Number.POSITIVE_INFINITY;
      if (depth.type === "word" && digits.test(depth.text) && depth.at === plus.at + 1) down = Number(take().text);
    }
    return up === undefined && down === undefined
      ? of
      : { type: "walk", of, ...(up === undefined ? {} : { up }), ...(down === undefined ? {} : { down }) };
  }

  function primary(): Selection {
    const token = take();
    if (token.type === "(") return closed(commas(), token);
    if (token.type === "quoted") return { type: "filter", filter: "key", value: token.text, quoted: true, at: token.at };
    if (token.type !== "word" || operators.has(token.text)) return fail(token, `a selection is missing before ${shown(token)}`, examples);
    if (peek().type === "(" && (token.text === "sinks" || token.text === "roots")) {
      const open = take();
      return { type: token.text, of: closed(commas(), open) };
    }
    if (peek().type === "(") return fail(token, `there is no function "${token.text}"`, "There are sinks(...) and roots(...).");
    if (peek().type === ":") return filter(token);
    return token.text === "*" ? { type: "all" } : { type: "filter", filter: "key", value: token.text, quoted: false, at: token.at };
  }

  function closed(inside: Selection, open: Token): Selection {
    if (peek().type !== ")") {
      if (peek().type === "end") return fail(open, "the parenthesis is never closed");
      return fail(peek(), `${shown(peek())} does not follow`, 'Expected "and", "or", "," or ")".');
    }
    next++;
    return inside;
  }

  function filter(name: Token): Selection {
    next++;
    if (!selectionFilters.includes(name.text as SelectionFilter)) {
      return fail(name, `there is no filter "${name.text}:"`, `There are ${selectionFilters.map((known) => `${known}:`).join(", ")}.`);
    }
    const kind = name.text as SelectionFilter;
    const { value, quoted, at } = filterValue(`${name.text}:`);
    if (kind !== "tag" || peek().type !== "=") return { type: "filter", filter: kind, value, quoted, at };
    next++;
    return { type: "filter", filter: kind, value, quoted, at, tagValue: filterValue(`tag:${value}=`).value };
  }
  function filterValue(after: string) {
    const token = take();
    if (token.type === "null") return { value: null, quoted: false, at: token.at };
    if (token.type !== "word" && token.type !== "quoted") return fail(token, `a value is missing after "${after}"`);
    return { value: token.text, quoted: token.type === "quoted", at: token.at };
  }

  try {
    const whole = commas();
    const rest = peek();
    if (rest.type === "end") return whole;
    if (rest.type === ")") return mistake(rest, "this parenthesis was never opened");
    if (rest.type === "+") return mistake(rest, '"+" says "and everything upstream" only once', 'For two levels write "2+key".');
    return mistake(rest, `${shown(rest)} follows without a word between`, 'Write "a or b" (or "a, b") for both, "a and b" for what is in each.');
  } catch (thrown) {
    if (thrown instanceof Wrong) return thrown.mistake;
    throw thrown;
  }
}
