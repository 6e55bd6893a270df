import { type SemanticTokens, SemanticTokensBuilder } from "vscode-languageserver/node";
import type { Span } from "../index/facts.ts";
import { positionAt } from "../index/text.ts";
import type { FeatureContext } from "./context.ts";

/** A key is a variable of the graph: what it is called where it is defined, and read where another asset names it. */
export const semanticLegend = { tokenTypes: ["variable"], tokenModifiers: ["declaration", "readonly"] };
const [declaration, readonly] = [1, 2];

/** Asset keys in strings: an asset's own, and those in `deps` that an asset has. The quotes are left to the string. */
export function semanticTokens({ workspace, text }: FeatureContext, path: string): SemanticTokens {
  const builder = new SemanticTokensBuilder();
  const facts = workspace.facts(path);
  const source = text(path) ?? "";
  const found = new Map<number, readonly [span: Span, modifiers: number]>();
  for (const node of workspace.nodesIn(path)) {
    const fact = facts!.assets[node.index]!;
    // While the text does not parse, places may be old.
    if (fact.stale) continue;
    if (fact.key !== undefined && fact.kind !== "output") found.set(fact.keySpan[0], [fact.keySpan, declaration! | readonly!]);
    for (const { ref, target } of workspace.edges(node)) {
      if (ref.key !== undefined && target !== undefined) found.set(ref.span[0], [ref.span, readonly!]);
    }
  }
  for (const [[start, end], modifiers] of [...found.values()].sort(([a], [b]) => a[0] - b[0])) {
    const from = positionAt(facts!.lines, start + 1);
    const to = positionAt(facts!.lines, end - 1);
    // A key written in pieces, or over lines, is no one word that could have a colour.
    const isWord = !/["'`\s]/.test(source.slice(start + 1, end - 1));
    if (isWord && to.character > from.character) builder.push(from.line, from.character, to.character - from.character, 0, modifiers);
  }
  return builder.build();
}
