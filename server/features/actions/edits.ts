import type { Diagnostic, TextEdit } from "vscode-languageserver/node";
import { packageName } from "../../index/bindings.ts";
import type { FileFacts, Span } from "../../index/facts.ts";
import type { Node } from "../../index/node.ts";
import { folderOf, uriOfPath } from "../../index/paths.ts";
import { rangeOf } from "../../index/text.ts";
import type { Workspace } from "../../index/workspace.ts";

/** A file that an action edits. */
export interface Target {
  readonly path: string;
  readonly text: string;
  readonly facts: FileFacts;
}

export const textEdit = ({ facts }: Target, span: Span, newText: string): TextEdit => ({ range: rangeOf(facts.lines, span), newText });
export const editOf = ({ path }: Target, edits: TextEdit[]) => ({ changes: { [uriOfPath(path)]: edits } });

/** The key as a variable's name that nothing in the file has: `raw/sales-2` is `rawSales2`. */
export function freeName(key: string, text: string): string {
  const words = key.split(/[^\p{L}\p{Nd}]+/u).filter((word) => word !== "");
  const joined = words.map((word, index) => (index === 0 ? word[0]!.toLowerCase() : word[0]!.toUpperCase()) + word.slice(1)).join("");
  const base = /^\p{L}/u.test(joined) ? joined : `asset${joined}`;
  const isTaken = (name: string) => new RegExp(`(?<![\\p{L}\\p{Nd}_$])${name}(?![\\p{L}\\p{Nd}_$])`, "u").test(text.replace(/(["'])[^"'\n]*\1/g, ""));
  let name = isTaken(base) || reserved.has(base) ? `${base}Asset` : base;
  for (let count = 2; isTaken(name); count++) name = `${base}Asset${count}`;
  return name;
}

const reserved = new Set(
  "break case catch class const continue debugger default delete do else enum export extends false finally for function if import in instanceof new null return super switch this throw true try typeof var void while with yield let static await async".split(
    " ",
  ),
);

/** A new import goes in front of the first line: it needs no place among the others to be right. */
export const importEdit = (file: Target, names: string, spec: string) =>
  textEdit(file, [importPlace(file.text), importPlace(file.text)], `import ${names} from ${JSON.stringify(spec)};\n`);

/** Start of the first import or statement, behind comments that head the file. */
const importPlace = (text: string): number => /^(?:#![^\n]*\n|\s|\/\/[^\n]*\n|\/\*[\s\S]*?\*\/)*/.exec(text)![0].length;

/** The specifier that leads from one file to another, with the ending that the file's other imports have. */
export function specifier({ path, facts }: Target, to: string): string {
  const from = folderOf(path).split("/");
  const parts = to.split("/");
  let shared = 0;
  while (shared < from.length && shared < parts.length - 1 && from[shared] === parts[shared]) shared++;
  const up = from.length - shared;
  const relative = `${up === 0 ? "./" : "../".repeat(up)}${parts.slice(shared).join("/")}`;
  const others = facts.imports.map(({ spec }) => spec).filter((spec) => spec.startsWith("."));
  if (others.length === 0 || others.some((spec) => /\.[cm]?tsx?$/.test(spec))) return relative;
  if (others.some((spec) => /\.[cm]?jsx?$/.test(spec))) return relative.replace(/\.([cm]?)tsx?$/, ".$1js");
  return relative.replace(/\.[jt]sx?$/, "");
}

export const overlaps = (span: Span, [start, end]: Span) => span[0] <= end && start <= span[1];

/** How a file writes an asset that a variable of it, or of another file, holds; with the import that it needs. */
export function referenceTo(workspace: Workspace, file: Target, target: Node, at: number): { text: string; imports: TextEdit[] } | undefined {
  const fact = workspace.fact(target);
  const [name, ...members] = fact.path ?? [];
  const simple = /^[\p{L}_$][\p{L}\p{Nd}_$]*$/u;
  if (!target.member || name === undefined || fact.stale || !members.every((member) => simple.test(member))) return undefined;
  if (target.path === file.path) {
    const isBefore = fact.span[1] <= at;
    return isBefore && simple.test(name) ? { text: [name, ...members].join("."), imports: [] } : undefined;
  }
  const exported = workspace.facts(target.path)!.exports.find(({ local, spec }) => local === name && spec === undefined);
  if (!exported) return undefined;
  const spec = specifier(file, target.path);
  const known = file.facts.imports.find((each) => each.imported === exported.name && each.spec === spec);
  const wanted = simple.test(name) ? name : freeName(target.key!, file.text);
  const local = known?.local ?? (freeName(wanted, file.text) === wanted ? wanted : freeName(target.key!, file.text));
  const text = [local, ...members].join(".");
  if (known) return { text, imports: [] };
  const names = exported.name === "default" ? local : exported.name === local ? `{ ${local} }` : `{ ${exported.name} as ${local} }`;
  return { text, imports: [importEdit(file, names, spec)] };
}

/** Where actions are asked for. */
export interface Site {
  readonly workspace: Workspace;
  readonly file: Target;
  /** What is selected, or where the caret is. */
  readonly wanted: Span;
  /** Diagnostics that the client shows there. */
  readonly told: readonly Diagnostic[];
  /** Diagnostics that hold there now. */
  readonly found: readonly Diagnostic[];
}

/** How the file calls the package's `asset`. */
export function assetCallee({ imports }: FileFacts): string | undefined {
  for (const { local, imported, spec } of imports) {
    if (spec !== packageName) continue;
    if (imported === "asset") return local;
    if (imported === "*") return `${local}.asset`;
  }
  return undefined;
}
