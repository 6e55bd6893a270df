import type { FoldingRange } from "vscode-languageserver/node";
import { rangeOf } from "../index/text.ts";
import type { FeatureContext } from "./context.ts";

/** Each asset's declaration, where it has more than one line. */
export function foldingRanges({ workspace }: FeatureContext, path: string): FoldingRange[] {
  const facts = workspace.facts(path);
  const lines = new Map<number, number>();
  for (const { span } of facts?.assets ?? []) {
    const { start, end } = rangeOf(facts!.lines, span);
    if (end.line > start.line) lines.set(start.line, Math.max(end.line, lines.get(start.line) ?? 0));
  }
  return [...lines].map(([startLine, endLine]) => ({ startLine, endLine }));
}
