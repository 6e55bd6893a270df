import { type CodeAction, CodeActionKind, type Diagnostic, type TextEdit } from "vscode-languageserver/node";
import type { Range } from "../../runtime/src/model/graph.ts";
import { keyMistake } from "../../runtime/src/model/keys.ts";
import { nearestName } from "../../runtime/src/model/nearest.ts";
import { packageName } from "../index/bindings.ts";
import type { AssetFact, FileFacts, RefFact, Span } from "../index/facts.ts";
import type { Node } from "../index/node.ts";
import { folderOf, uriOfPath } from "../index/paths.ts";
import { offsetAt, rangeOf } from "../index/text.ts";
import type { Workspace } from "../index/workspace.ts";
import type { FeatureContext } from "./context.ts";

/** A file that an action edits. */
interface Target {
  readonly path: string;
  readonly text: string;
  readonly facts: FileFacts;
}

const textEdit = ({ facts }: Target, span: Span, newText: string): TextEdit => ({ range: rangeOf(facts.lines, span), newText });
const editOf = ({ path }: Target, edits: TextEdit[]) => ({ changes: { [uriOfPath(path)]: edits } });

/** A string literal with the quotes that stand there already. */
function requoted({ text }: Target, span: Span, value: string): string {
  const quote = text[span[0]];
  return quote === "'" || quote === "`" ? `${quote}${value}${quote}` : JSON.stringify(value);
}

/** The key as a variable's name that nothing in the file has: `raw/sales-2` is `rawSales2`. */
function freeName(key: string, text: string): string {
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

/** How the file calls the package's `asset`. */
function assetCallee({ imports }: FileFacts): string | undefined {
  for (const { local, imported, spec } of imports) {
    if (spec !== packageName) continue;
    if (imported === "asset") return local;
    if (imported === "*") return `${local}.asset`;
  }
  return undefined;
}

/** A new import goes in front of the first line: it needs no place among the others to be right. */
const importEdit = (file: Target, names: string, spec: string) =>
  textEdit(file, [importPlace(file.text), importPlace(file.text)], `import ${names} from ${JSON.stringify(spec)};\n`);

/** Start of the first import or statement, behind comments that head the file. */
const importPlace = (text: string): number => /^(?:#![^\n]*\n|\s|\/\/[^\n]*\n|\/\*[\s\S]*?\*\/)*/.exec(text)![0].length;

function createAsset(file: Target, key: string): TextEdit[] {
  const callee = assetCallee(file.facts);
  const { text } = file;
  const lead = text === "" || text.endsWith("\n\n") ? "" : text.endsWith("\n") ? "\n" : "\n\n";
  const declaration = `export const ${freeName(key, text)} = ${callee ?? "asset"}(${JSON.stringify(key)}, {
  run: (): { id: number }[] => [],
});
`;
  const end = textEdit(file, [text.length, text.length], lead + declaration);
  return callee === undefined ? [importEdit(file, "{ asset }", packageName), end] : [end];
}

/** The specifier that leads from one file to another, with the ending that the file's other imports have. */
function specifier({ path, facts }: Target, to: string): string {
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

/** Turns a string into the variable that holds the asset, imported where that is in another file. */
function toReference(workspace: Workspace, file: Target, ref: RefFact, target: Node): TextEdit[] | undefined {
  const fact = workspace.fact(target);
  const [name, ...members] = fact.path ?? [];
  const simple = /^[\p{L}_$][\p{L}\p{Nd}_$]*$/u;
  if (!target.member || name === undefined || fact.stale || !members.every((member) => simple.test(member))) return undefined;
  if (target.path === file.path) {
    const isBefore = fact.span[1] <= ref.span[0];
    return isBefore && simple.test(name) ? [textEdit(file, ref.span, [name, ...members].join("."))] : undefined;
  }
  const exported = workspace.facts(target.path)!.exports.find(({ local, spec }) => local === name && spec === undefined);
  if (!exported) return undefined;
  const spec = specifier(file, target.path);
  const known = file.facts.imports.find((each) => each.imported === exported.name && each.spec === spec);
  const wanted = simple.test(name) ? name : freeName(target.key!, file.text);
  const local = known?.local ?? (freeName(wanted, file.text) === wanted ? wanted : freeName(target.key!, file.text));
  const edit = textEdit(file, ref.span, [local, ...members].join("."));
  if (known) return [edit];
  const names = exported.name === "default" ? local : exported.name === local ? `{ ${local} }` : `{ ${exported.name} as ${local} }`;
  return [importEdit(file, names, spec), edit];
}

const overlaps = (span: Span, [start, end]: Span) => span[0] <= end && start <= span[1];

const same = (a: Range, b: Range) => JSON.stringify([a.start, a.end]) === JSON.stringify([b.start, b.end]);

/** What can be done about the strings in `deps` of a range: fixes for keys that nothing has, and a reference for those that something has. */
export function quickFixes({ workspace, text }: FeatureContext, path: string, range: Range, diagnostics: readonly Diagnostic[]): CodeAction[] {
  const facts = workspace.facts(path);
  const content = text(path);
  // A half-typed file has spans that an edit cannot trust.
  if (!facts?.parses || content === undefined) return [];
  const file: Target = { path, text: content, facts };
  const wanted: Span = [offsetAt(facts.lines, range.start), offsetAt(facts.lines, range.end)];
  const actions: CodeAction[] = [];
  const done = new Set<number>();
  const fix = (asset: AssetFact, node: Node, ref: RefFact & { readonly key: string }) => {
    const at = rangeOf(facts.lines, ref.span);
    const told = diagnostics.filter((each) => each.code === "graph/unknown-upstream" && same(each.range, at));
    const nearest = nearestName(
      ref.key,
      [...workspace.keys.keys(node.scope)].filter((key) => key !== asset.key),
    );
    const kind = CodeActionKind.QuickFix;
    if (nearest !== undefined) {
      const edit = editOf(file, [textEdit(file, ref.span, requoted(file, ref.span, nearest))]);
      actions.push({ title: `Change to "${nearest}"`, kind, diagnostics: told, isPreferred: true, edit });
    }
    if (keyMistake(ref.key)) return;
    actions.push({ title: `Create the asset "${ref.key}"`, kind, diagnostics: told, edit: editOf(file, createAsset(file, ref.key)) });
  };
  for (const node of workspace.nodesIn(path)) {
    if (node.scope === "" || !node.covered) continue;
    for (const { ref, target } of workspace.edges(node)) {
      const { key } = ref;
      if (key === undefined || done.has(ref.span[0]) || !overlaps(ref.span, wanted)) continue;
      done.add(ref.span[0]);
      const upstream = target === undefined ? undefined : workspace.nodes.get(target);
      if (!upstream) {
        fix(facts.assets[node.index]!, node, { ...ref, key });
        continue;
      }
      const edits = workspace.keys.ids(node.scope, key).length === 1 ? toReference(workspace, file, ref, upstream) : undefined;
      if (edits) actions.push({ title: `Turn "${key}" into a reference`, kind: CodeActionKind.RefactorRewrite, edit: editOf(file, edits) });
    }
  }
  return actions;
}
