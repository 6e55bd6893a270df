import { type CodeAction, CodeActionKind, type TextEdit } from "vscode-languageserver/node";
import type { Range } from "../../../runtime/src/model/graph.ts";
import { keyMistake } from "../../../runtime/src/model/keys.ts";
import { nearestName } from "../../../runtime/src/model/nearest.ts";
import { packageName } from "../../index/bindings.ts";
import type { AssetFact, RefFact, Span } from "../../index/facts.ts";
import type { Node } from "../../index/node.ts";
import { rangeOf } from "../../index/text.ts";
import { assetCallee, editOf, freeName, importEdit, overlaps, referenceTo, type Site, type Target, textEdit } from "./edits.ts";

/** A string literal with the quotes that stand there already. */
function requoted({ text }: Target, span: Span, value: string): string {
  const quote = text[span[0]];
  return quote === "'" || quote === "`" ? `${quote}${value}${quote}` : JSON.stringify(value);
}

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

const same = (a: Range, b: Range) => JSON.stringify([a.start, a.end]) === JSON.stringify([b.start, b.end]);

/** What can be done about strings in `deps`: fixes for keys that nothing has, and a reference for those that something has. */
export function upstreamActions({ workspace, file, wanted, told }: Site): CodeAction[] {
  const { facts, path } = file;
  const actions: CodeAction[] = [];
  const done = new Set<number>();
  const fix = (asset: AssetFact, node: Node, ref: RefFact & { readonly key: string }) => {
    const at = rangeOf(facts.lines, ref.span);
    const diagnostics = told.filter((each) => each.code === "graph/unknown-upstream" && same(each.range, at));
    const nearest = nearestName(
      ref.key,
      [...workspace.keys.keys(node.scope)].filter((key) => key !== asset.key),
    );
    const kind = CodeActionKind.QuickFix;
    if (nearest !== undefined) {
      const edit = editOf(file, [textEdit(file, ref.span, requoted(file, ref.span, nearest))]);
      actions.push({ title: `Change to "${nearest}"`, kind, diagnostics, isPreferred: true, edit });
    }
    if (keyMistake(ref.key)) return;
    actions.push({ title: `Create the asset "${ref.key}"`, kind, diagnostics, edit: editOf(file, createAsset(file, ref.key)) });
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
      const found = workspace.keys.ids(node.scope, key).length === 1 ? referenceTo(workspace, file, upstream, ref.span[0]) : undefined;
      if (!found) continue;
      const edit = editOf(file, [...found.imports, textEdit(file, ref.span, found.text)]);
      actions.push({ title: `Turn "${key}" into a reference`, kind: CodeActionKind.RefactorRewrite, edit });
    }
  }
  return actions;
}
