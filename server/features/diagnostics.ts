import { createHash } from "node:crypto";
import { type Diagnostic, DiagnosticSeverity } from "vscode-languageserver/node";
import { rangeOf } from "../index/text.ts";
import type { FeatureContext } from "./context.ts";
import { assetFindings } from "./findings/asset.ts";
import type { Finding, Inspected } from "./findings/finding.ts";
import { graphFindings } from "./findings/graph.ts";
import { partitionFindings } from "./findings/partitions.ts";
import { schemaFindings } from "./findings/schema.ts";
import { configFindings, storageFindings } from "./findings/storage.ts";

/** Findings that hang on files which the first index may not have seen yet. */
const acrossFiles: readonly ((file: Inspected) => Finding[])[] = [graphFindings, partitionFindings, storageFindings, configFindings];

export interface FileReport {
  readonly items: Diagnostic[];
  /** Same id, same items. */
  readonly resultId: string;
}

const report = (items: Diagnostic[]): FileReport => ({
  items,
  resultId: createHash("sha1").update(JSON.stringify(items)).digest("base64url"),
});

/**
 * Findings of a file; "wait" while they cannot be known: the file is half-typed, or the index is being renewed. Until the index has seen
 * everything once, only what the file alone shows is found.
 */
export function diagnose({ workspace, statuses, isSettled, pageOf }: FeatureContext, path: string, isComplete: boolean): FileReport | "wait" {
  const facts = workspace.facts(path);
  if (!facts) return report([]);
  if (!facts.parses || (isComplete && !isSettled())) return "wait";
  const file: Inspected = { workspace, path, facts };
  const findings = [assetFindings, ...(isComplete ? [...acrossFiles, schemaFindings(statuses)] : [])]
    .flatMap((look) => look(file))
    .sort((a, b) => a.span[0] - b.span[0]);
  return report(
    findings.map(({ code, severity, span, message, related, tags, data }) => ({
      range: rangeOf(facts.lines, span),
      severity: severity ?? DiagnosticSeverity.Error,
      source: "sluice",
      code,
      ...(pageOf(code) === undefined ? {} : { codeDescription: { href: pageOf(code)! } }),
      message,
      ...(related ? { relatedInformation: related } : {}),
      ...(tags ? { tags } : {}),
      ...(data ? { data } : {}),
    })),
  );
}
