import type { CodeLens, Command } from "vscode-languageserver/node";
import type { Node } from "../index/node.ts";
import { uriOfPath } from "../index/paths.ts";
import { rangeOf } from "../index/text.ts";
import { statusWords } from "../status-words.ts";
import type { FeatureContext } from "./context.ts";
import { upstreamCount, upstreamOf } from "./upstream.ts";

type LensKind = "trust" | "materialize" | "upstream" | "preview" | "state";
interface LensData {
  readonly id: string;
  readonly lens: LensKind;
}

/** What is known to be needed when the lenses are placed; titles come when they are resolved. */
function kindsFor(node: Node, { workspace, statuses, now }: FeatureContext): readonly LensKind[] {
  if (!statuses.isTrusted(node.scope)) return ["trust"];
  const words = statusWords(statuses.get(node.scope, node.key!), statuses.isRunning(node.scope, node.key!), now());
  return [
    "materialize",
    ...(upstreamOf(workspace, node).some(({ kind }) => kind !== "source") ? (["upstream"] as const) : []),
    "preview",
    ...(words === undefined ? [] : (["state"] as const)),
  ];
}

/** A lens never stands where its command could not work: the project must load the asset under a key that is known. */
const canRun = (node: Node) => node.member && node.scope !== "" && node.kind !== "source" && node.key !== undefined;

/** Lenses of a file, without their titles. */
export function codeLenses(context: FeatureContext, path: string): CodeLens[] {
  const facts = context.workspace.facts(path);
  return context.workspace.nodesIn(path).flatMap((node): CodeLens[] => {
    if (!facts || !canRun(node)) return [];
    const range = rangeOf(facts.lines, facts.assets[node.index]!.span);
    // One line: an editor draws the lens above it, and a range that grows with the asset would make it jump.
    const line = { start: range.start, end: { line: range.start.line, character: range.start.character } };
    return kindsFor(node, context).map((lens) => ({ range: line, data: { id: node.id, lens } satisfies LensData }));
  });
}

function commandOf({ id, lens }: LensData, { workspace, statuses, now }: FeatureContext): Command {
  const node = workspace.nodes.get(id);
  if (!node || !canRun(node)) return { title: "", command: "" };
  const key = node.key!;
  const args = [{ project: uriOfPath(node.scope), key }];
  switch (lens) {
    case "trust":
      return { title: "Trust this folder to materialize", command: "workbench.trust.manage" };
    case "materialize":
      return { title: "$(play) Materialize", command: "sluice.materialize", arguments: args };
    case "upstream":
      return { title: `Materialize with ${upstreamCount(workspace, node)} upstream`, command: "sluice.materializeWithUpstream", arguments: args };
    case "preview":
      return { title: "$(table) Preview", command: "sluice.preview", arguments: args };
    case "state": {
      const words = statusWords(statuses.get(node.scope, key), statuses.isRunning(node.scope, key), now());
      return { title: words ?? "", command: "sluice.showAsset", arguments: args };
    }
  }
}

const isLensData = (data: unknown): data is LensData => typeof data === "object" && data !== null && "id" in data && "lens" in data;

/** Title and command of a lens. One whose asset is gone stays without: the editor asks for new lenses at once. */
export const resolveCodeLens = (context: FeatureContext, lens: CodeLens): CodeLens =>
  isLensData(lens.data) ? { ...lens, command: commandOf(lens.data, context) } : lens;
