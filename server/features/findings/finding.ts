import type { DiagnosticRelatedInformation, DiagnosticSeverity, DiagnosticTag } from "vscode-languageserver/node";
import type { ErrorCode } from "../../../runtime/src/model/errors.ts";
import type { ConfigFact, FileFacts, Span } from "../../index/facts.ts";
import type { Node } from "../../index/node.ts";
import { uriOfPath } from "../../index/paths.ts";
import { rangeOf } from "../../index/text.ts";
import type { Workspace } from "../../index/workspace.ts";

/** Codes of what only an editor finds; all others are those of the errors that a run would meet. */
export type FindingCode = ErrorCode | "unused-input" | "unfed-parameter" | "computed-key";

/** Something found wrong in a file, before it is a diagnostic. */
export interface Finding {
  readonly code: FindingCode;
  /** An error when left out. */
  readonly severity?: DiagnosticSeverity;
  readonly span: Span;
  readonly message: string;
  readonly related?: DiagnosticRelatedInformation[];
  readonly tags?: DiagnosticTag[];
  /** What a quick fix needs to know. */
  readonly data?: Readonly<Record<string, unknown>>;
}

/** The file that findings are looked for in. */
export interface Inspected {
  readonly workspace: Workspace;
  readonly path: string;
  readonly facts: FileFacts;
}

export const titleOf = (workspace: Workspace, node: Node): string => node.key ?? workspace.fact(node).path?.join(".") ?? "an asset";

/** A place in another file, or elsewhere in this one; the asset's key when no span is given. */
export function placeOf(workspace: Workspace, node: Node, message: string, span?: Span): DiagnosticRelatedInformation {
  const range = rangeOf(workspace.facts(node.path)!.lines, span ?? workspace.fact(node).keySpan);
  return { location: { uri: uriOfPath(node.path), range }, message };
}

/** False while its file has syntax errors: then nothing is said elsewhere because of it. */
export const isWhole = (workspace: Workspace, node: Node) => workspace.parses(node.path);

/** The config of a file's project, unless it is half-typed. */
export function configAround(workspace: Workspace, scope: string): { readonly path: string; readonly config: ConfigFact } | undefined {
  const found = workspace.configOf(scope);
  return found && workspace.parses(found.path) ? found : undefined;
}
