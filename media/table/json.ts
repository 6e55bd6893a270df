/** A JSON value whose numbers are kept as written: a JavaScript number would lose digits. Keys of maps may be numbers too. */
export type JsonNode =
  | { readonly type: "text" | "number" | "word"; readonly text: string }
  | { readonly type: "list"; readonly items: readonly JsonNode[] }
  | { readonly type: "object"; readonly entries: readonly (readonly [name: string, value: JsonNode])[] };

const token = /\s*(?:([{}[\],:])|("(?:[^"\\]|\\.)*")|(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|(true|false|null|NaN|-?Infinity))/y;
const depthLimit = 500;

/** A list or an object written as JSON; `undefined` for anything else. */
export function parseJson(text: string): JsonNode | undefined {
  let at = 0;

  function next(): { readonly sign?: string; readonly leaf?: JsonNode } | undefined {
    token.lastIndex = at;
    const match = token.exec(text);
    if (!match) return undefined;
    at = token.lastIndex;
    const [, sign, string, number, word] = match;
    if (sign !== undefined) return { sign };
    if (number !== undefined) return { leaf: { type: "number", text: number } };
    if (word !== undefined) return { leaf: { type: "word", text: word } };
    const decoded = decodeString(string ?? "");
    return decoded === undefined ? undefined : { leaf: { type: "text", text: decoded } };
  }

  function value(depth: number): JsonNode | undefined {
    const read = next();
    if (read?.leaf) return read.leaf;
    if (depth > depthLimit) return undefined;
    if (read?.sign === "[") return list(depth);
    return read?.sign === "{" ? object(depth) : undefined;
  }

  function closed(sign: string): boolean {
    const before = at;
    if (next()?.sign === sign) return true;
    at = before;
    return false;
  }

  function list(depth: number): JsonNode | undefined {
    const items: JsonNode[] = [];
    if (closed("]")) return { type: "list", items };
    for (;;) {
      const item = value(depth + 1);
      if (!item) return undefined;
      items.push(item);
      if (closed("]")) return { type: "list", items };
      if (!closed(",")) return undefined;
    }
  }

  function object(depth: number): JsonNode | undefined {
    const entries: [string, JsonNode][] = [];
    if (closed("}")) return { type: "object", entries };
    for (;;) {
      const name = next()?.leaf;
      if (!name || !("text" in name) || !closed(":")) return undefined;
      const item = value(depth + 1);
      if (!item) return undefined;
      entries.push([name.text, item]);
      if (closed("}")) return { type: "object", entries };
      if (!closed(",")) return undefined;
    }
  }

  const node = value(0);
  if (!node || text.slice(at).trim() !== "") return undefined;
  return node.type === "list" || node.type === "object" ? node : undefined;
}

function decodeString(literal: string): string | undefined {
  try {
    return JSON.parse(literal) as string;
  } catch {
    // A bad escape: the text is no JSON, which the caller shows as plain text.
    return undefined;
  }
}
