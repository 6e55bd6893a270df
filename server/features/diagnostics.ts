import { createHash } from "node:crypto";
import { type Diagnostic, type DiagnosticRelatedInformation, DiagnosticSeverity } from "vscode-languageserver/node";
import type { ErrorCode } from "../../runtime/src/model/errors.ts";
import { keyMistake } from "../../runtime/src/model/keys.ts";
import { nearestName } from "../../runtime/src/model/nearest.ts";
import { wayBack } from "../index/cycles.ts";
import type { RefFact, Span } from "../index/facts.ts";
import type { Node } from "../index/node.ts";
import { uriOfPath } from "../index/paths.ts";
import { distinct } from "../index/registry.ts";
import { rangeOf } from "../index/text.ts";
import type { Workspace } from "../index/workspace.ts";
import type { FeatureContext } from "./context.ts";

/** What a quick fix needs to know. */
interface Advice {
  readonly nearest?: string;
}

const titleOf = (workspace: Workspace, node: Node): string => node.key ?? workspace.fact(node).path?.join(".") ?? "an asset";

function placeOf(workspace: Workspace, node: Node, message: string, span?: Span): DiagnosticRelatedInformation {
  const range = rangeOf(workspace.facts(node.path)!.lines, span ?? workspace.fact(node).keySpan);
  return { location: { uri: uriOfPath(node.path), range }, message };
}

/** False while its file has syntax errors: then nothing is said elsewhere because of it. */
const isWhole = (workspace: Workspace, node: Node) => workspace.parses(node.path);

/** Collects the findings of one file. */
function findingsOf(workspace: Workspace, path: string, withGraph: boolean): Diagnostic[] {
  const found: Diagnostic[] = [];
  const facts = workspace.facts(path);
  if (!facts) return found;
  const add = (code: ErrorCode, span: Span, message: string, related?: DiagnosticRelatedInformation[], data?: Advice) => {
    found.push({
      range: rangeOf(facts.lines, span),
      severity: DiagnosticSeverity.Error,
      source: "sluice",
      code,
      message,
      ...(related ? { relatedInformation: related } : {}),
      ...(data ? { data } : {}),
    });
  };

  const malformedKey = (node: Node, mistake: string) =>
    add("config/invalid", workspace.fact(node).keySpan, `"${node.key}" is no asset key: ${mistake}.`);

  const duplicateKey = (node: Node) => {
    const others = workspace.keys.ids(node.scope, node.key!).filter((id) => id !== node.id);
    const nodes = others.flatMap((id) => workspace.nodes.get(id) ?? []).filter((other) => isWhole(workspace, other));
    if (nodes.length === 0) return;
    const related = nodes.map((other) => placeOf(workspace, other, `"${node.key}" is also defined here.`));
    add(
      "graph/duplicate-key",
      workspace.fact(node).keySpan,
      `The key "${node.key}" is defined more than once. Give one of them another key.`,
      related,
    );
  };

  const unknownKey = (node: Node, ref: RefFact) => {
    const nearest = nearestName(ref.key!, workspace.keys.keys(node.scope));
    const advice = nearest === undefined ? "" : ` Did you mean "${nearest}"?`;
    const message = `No asset of this project has the key "${ref.key}".${advice}`;
    add("graph/unknown-upstream", ref.span, message, undefined, nearest === undefined ? undefined : { nearest });
  };

  const notLoaded = (ref: RefFact, target: Node) => {
    const why = target.covered ? "its module does not export it" : `"assets" in sluice.config.ts does not cover its module`;
    const related = [placeOf(workspace, target, `"${titleOf(workspace, target)}" is defined here.`)];
    add("graph/unknown-upstream", ref.span, `The project does not load "${titleOf(workspace, target)}": ${why}.`, related);
  };

  const cycle = (node: Node) => {
    const members = new Set(workspace.cycles().get(node.id));
    const next = (id: string) => [...distinct(workspace.nodes.get(id)?.targets ?? [])].filter((target) => members.has(target));
    const way = (wayBack(node.id, next) ?? []).flatMap((id) => workspace.nodes.get(id) ?? []);
    if (way.length < 2 || !way.every((member) => isWhole(workspace, member))) return;
    const closing = workspace.edges(node).find(({ target }) => target === way[1]!.id);
    const names = way.map((member) => titleOf(workspace, member));
    const related = way.slice(0, -1).map((member, index) => {
      const edge = workspace.edges(member).find(({ target }) => target === way[index + 1]!.id);
      return placeOf(workspace, member, `${names[index]} needs ${names[index + 1]}.`, edge?.ref.span);
    });
    const message = names.length === 2 ? `"${names[0]}" depends on itself.` : `These assets wait for each other: ${names.join(" -> ")}.`;
    add("graph/cycle", closing?.ref.span ?? workspace.fact(node).keySpan, message, related);
  };

  const checkedRefs = new Set<number>();
  for (const node of workspace.nodesIn(path)) {
    if (!node.covered) continue;
    const mistake = node.key === undefined ? undefined : keyMistake(node.key);
    if (mistake) malformedKey(node, mistake);
    // Without a project nothing is loaded together: tests and scripts may define what they like.
    if (!withGraph || node.scope === "") continue;
    if (node.member && node.key !== undefined) duplicateKey(node);
    for (const { ref, target } of workspace.edges(node)) {
      // The outputs of one definition share its references.
      if (checkedRefs.has(ref.span[0])) continue;
      checkedRefs.add(ref.span[0]);
      const upstream = target === undefined ? undefined : workspace.nodes.get(target);
      if (upstream && !upstream.member) notLoaded(ref, upstream);
      else if (!upstream && ref.key !== undefined) unknownKey(node, ref);
    }
    if (workspace.cycles().has(node.id)) cycle(node);
  }
  return found;
}

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
export function diagnose({ workspace, isSettled }: FeatureContext, path: string, isComplete: boolean): FileReport | "wait" {
  if (!workspace.facts(path)) return report([]);
  if (workspace.facts(path)?.parses === false || (isComplete && !isSettled())) return "wait";
  return report(findingsOf(workspace, path, isComplete));
}
