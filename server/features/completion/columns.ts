import { type CompletionItem, CompletionItemKind } from "vscode-languageserver/node";
import { packageName } from "../../index/bindings.ts";
import type { FileFacts, Span } from "../../index/facts.ts";
import type { Node } from "../../index/node.ts";
import { calleeOf, type Frame, labelOf, scanTemplate } from "../caret.ts";
import { namedRowType, storedColumns } from "../row-schema.ts";
import { type Asked, callOf, isSpecOf, makers, nameCharacter, type Offer, wordAround } from "./asked.ts";
import { assetsOf, receiver } from "./upstream.ts";

interface Column {
  readonly name: string;
  readonly type: string;
}

/** Columns of what is stored for an asset; before it is stored, those of the type that it gives its rows. */
function columnsOf({ context: { workspace, statuses } }: Asked, node: Node): readonly Column[] {
  const stored = storedColumns(statuses, node);
  if (stored) return stored;
  const members = namedRowType(workspace, node)?.fact.members ?? [];
  return members.map(({ name, types }) => ({ name, type: types.includes("?") ? "" : types.join(" | ") }));
}

/** Each column once, with the assets that have it. */
function itemsOf(asked: Asked, nodes: readonly Node[], write: (name: string) => string): readonly CompletionItem[] {
  const found = new Map<string, { readonly types: Set<string>; readonly keys: string[]; readonly at: number }>();
  for (const node of nodes) {
    for (const { name, type } of columnsOf(asked, node)) {
      const column = found.get(name) ?? { types: new Set(), keys: [], at: found.size };
      found.set(name, column);
      if (type !== "") column.types.add(type);
      column.keys.push(node.key ?? "");
    }
  }
  return [...found].map(([name, { types, keys, at }]) => ({
    label: name,
    kind: CompletionItemKind.Field,
    detail: [[...types].join(", "), ...new Set(keys)].filter((part) => part !== "").join(" · "),
    insertText: write(name),
    filterText: name,
    // In the table's own order.
    sortText: `0${String(at).padStart(4, "0")}`,
  }));
}

/** Columns in `sales.with({ columns: ["‸"] })`. */
export function columnNames(asked: Asked): Offer | undefined {
  const { text, offset, caret } = asked;
  const { frame, literal } = caret;
  const call = frame?.open === "[" && labelOf(frame) === "columns" ? callOf(frame.parent) : undefined;
  if (literal === undefined || !frame || !call || !/\.\s*with\s*$/.test(call.lead)) return undefined;
  const node = receiver(asked, call);
  const span = wordAround(text, offset, /[^"'`,\]\n]/u);
  const left = new Set(frame.strings);
  const items = node ? itemsOf(asked, [node], (name) => JSON.stringify(name).slice(1, -1)).filter(({ label }) => !left.has(label)) : [];
  return { items, span: [literal + 1, Math.max(span[1], literal + 1)] };
}

// ---------------------------------------------------------------- sql

/** True for a template that the package's `sql` is in front of, whatever the file calls it. */
function isSql(text: string, at: number, { imports }: FileFacts): boolean {
  let end = at;
  while (end > 0 && /\s/.test(text[end - 1]!)) end--;
  if (text[end - 1] === ">") {
    let depth = 0;
    do {
      end--;
      if (text[end] === ">") depth++;
      else if (text[end] === "<") depth--;
    } while (end > 0 && depth > 0 && at - end < 2000);
  }
  const tag = /[\p{L}_$][\p{L}\p{Nd}_$.]*\s*$/u.exec(text.slice(Math.max(0, end - 100), end))?.[0].trim();
  return imports.some(
    ({ local, imported, spec }) => spec === packageName && (imported === "*" ? tag === `${local}.sql` : imported === "sql" && tag === local),
  );
}

/** Words of the dialects that cannot be a name as they are. */
const reserved = new Set(
  "all and any array as asc both case cast check column constraint create default desc distinct do else end except false fetch for foreign from group having in intersect into lateral limit not null offset on only or order primary qualify references returning select show some table then to true union unique using when where window with".split(
    " ",
  ),
);
const quoted = (name: string) =>
  /^[\p{L}_][\p{L}\p{Nd}_]*$/u.test(name) && !reserved.has(name.toLowerCase()) ? name : `"${name.replaceAll('"', '""')}"`;

const hole = /\$\{\s*([\p{L}_$][\p{L}\p{Nd}_$]*)(?:\s*\.\s*([\p{L}_$][\p{L}\p{Nd}_$]*))?\s*\}(?:\s+(?:as\s+)?"?([\p{L}_][\p{L}\p{Nd}_]*))?/giu;

/** Names that the callback gives to inputs other than their own: `{ cleanSales: sales }`. */
function renamed({ text, caret: { closed } }: Asked, spec: Frame): ReadonlyMap<string, string> {
  const patterns = closed.filter(
    ({ open, parent }) => open === "{" && parent?.parent === spec && (labelOf(parent) === "run" || calleeOf(parent) === "run"),
  );
  const pairs = patterns.flatMap(({ at }) => [
    ...(/^\{([^}]*)\}/.exec(text.slice(at))?.[1] ?? "").matchAll(/([\p{L}\p{Nd}_$]+)\s*:\s*([\p{L}\p{Nd}_$]+)/gu),
  ]);
  return new Map(pairs.map(([, input, local]) => [local!, input!]));
}

/** The specification of the asset whose `run` the caret is in. */
function specAround({ facts, caret }: Asked): Frame | undefined {
  for (let frame = caret.frame; frame; frame = frame.parent) if (isSpecOf(makers, frame, facts)) return frame;
  return undefined;
}

/** Where in SQL the end of a text is: in code, in a quoted name, or in what is neither. */
function placeIn(sql: string): "code" | "name" | "other" {
  const rest = sql.replace(/'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*\n|\/\*[\s\S]*?\*\//g, " ");
  if (/--[^\n]*$|\/\*/.test(rest) || rest.includes("'")) return "other";
  return rest.includes('"') ? "name" : "code";
}

/** Words after which a column often stands. */
const openers = /(?:\b(?:select|distinct|where|and|or|not|on|by|having|when|then|else|between|qualify)|[,(=<>+*/-])\s$/i;

/**
 * Columns inside a `sql` template: of the assets that it names, anywhere in it. After `alias.` only of the one that the alias stands for.
 * A space brings them up by itself only where a column often follows.
 */
export function sqlColumns(asked: Asked, trigger?: string): Offer | undefined {
  const { context, path, facts, text, offset, caret } = asked;
  const { literal } = caret;
  if (literal === undefined || text[literal] !== "`" || !isSql(text, literal, facts)) return undefined;
  const before = text.slice(literal + 1, offset).replace(hole, (whole) => " ".repeat(whole.length));
  const place = placeIn(before);
  const isName = place === "name";
  const span: Span = wordAround(text, offset, isName ? /[^"`\n]/u : nameCharacter);
  const spec = specAround(asked);
  if (!spec || place === "other" || (trigger === " " && !openers.test(before))) return { items: [], span };
  const whole = scanTemplate(text, literal);
  const template = text.slice(literal, "end" in whole ? whole.end : undefined);
  const locals = renamed(asked, spec);
  const named = [...template.matchAll(hole)].map(([, first, second, alias]) => ({
    input: second ?? locals.get(first!) ?? first!,
    alias: alias?.toLowerCase(),
  }));
  const edges = assetsOf(context.workspace, path, spec).flatMap((node) => context.workspace.edges(node));
  const nodesOf = (some: typeof named) => {
    const ids = some.flatMap(({ input }) => edges.find(({ ref }) => ref.input === input)?.target ?? []);
    return [...new Set(ids)].flatMap((id) => context.workspace.nodes.get(id) ?? []);
  };
  const qualifier = /"?([\p{L}_][\p{L}\p{Nd}_]*)"?\.$/u.exec(text.slice(literal + 1, span[0] - (isName ? 1 : 0)))?.[1]?.toLowerCase();
  const meant = named.filter(({ alias }) => alias !== undefined && alias === qualifier);
  return { items: itemsOf(asked, nodesOf(meant.length > 0 ? meant : named), isName ? (name) => name : quoted), span };
}
