import { DiagnosticSeverity, DiagnosticTag } from "vscode-languageserver/node";
import { keyMistake } from "../../../runtime/src/model/keys.ts";
import type { Finding, Inspected } from "./finding.ts";

/** What an asset's own text shows: a malformed or computed key, and inputs that `run` does not take as they are given. */
export function assetFindings({ workspace, path, facts }: Inspected): Finding[] {
  const found: Finding[] = [];
  for (const node of workspace.nodesIn(path)) {
    if (!node.covered) continue;
    const fact = facts.assets[node.index]!;
    const mistake = node.key === undefined ? undefined : keyMistake(node.key);
    if (mistake) found.push({ code: "config/invalid", span: fact.keySpan, message: `"${node.key}" is no asset key: ${mistake}.` });
    if (node.key === undefined && node.member) {
      const message = "This key is computed: it is known after the project has been loaded, and strings that name it are not checked before.";
      found.push({ code: "computed-key", severity: DiagnosticSeverity.Hint, span: fact.keySpan, message });
    }
    for (const { name, span } of fact.mismatch?.unused ?? []) {
      const message = `The input "${name}" is loaded, but run does not take it. To wait for it without loading it, name it in deps.`;
      const tags = [DiagnosticTag.Unnecessary];
      found.push({ code: "unused-input", severity: DiagnosticSeverity.Hint, span, message, tags, data: { input: name } });
    }
    for (const { name, span } of fact.mismatch?.unfed ?? []) {
      found.push({ code: "unfed-parameter", span, message: `run takes "${name}", and inputs has nothing of that name.`, data: { parameter: name } });
    }
  }
  return found;
}
