import { type InlayHint, InlayHintKind } from "vscode-languageserver/node";
import type { Range } from "../../runtime/src/model/graph.ts";
import { offsetAt, rangeOf } from "../index/text.ts";
import type { FeatureContext } from "./context.ts";
import { makerOf, managerOf } from "./findings/bindings.ts";

/**
 * What an asset's text leaves unsaid: the whole key of an output, and what the default target stores an asset by that chooses no
 * I/O manager.
 */
export function inlayHints({ workspace }: FeatureContext, path: string, within: Range): InlayHint[] {
  const facts = workspace.facts(path);
  const project = workspace.configOf(workspace.projectOf(path));
  if (!facts) return [];
  const [from, to] = [offsetAt(facts.lines, within.start), offsetAt(facts.lines, within.end)];
  const target = project?.config.bound.find(({ name }) => name === project.config.defaultTarget);
  const configFacts = project && workspace.facts(project.path);
  const hints: InlayHint[] = [];
  for (const node of workspace.nodesIn(path)) {
    const fact = facts.assets[node.index]!;
    const at = fact.keySpan[1];
    if (fact.key === undefined || at < from || at > to) continue;
    const position = rangeOf(facts.lines, [at, at]).start;
    if (fact.kind === "output") {
      hints.push({ position, label: fact.key, kind: InlayHintKind.Parameter, paddingLeft: true, tooltip: `The asset's key is "${fact.key}".` });
      continue;
    }
    const manager = fact.kind === "asset" && !fact.ioManager ? managerOf(node, fact) : undefined;
    const binding = target?.bindings.find(({ name }) => name === manager);
    const maker = binding && configFacts && makerOf(binding.maker, configFacts);
    if (!target || maker === undefined) continue;
    const tooltip = `Stored by ${maker}(), which target "${target.name}" binds to "${manager}".`;
    hints.push({ position, label: `in ${maker}`, kind: InlayHintKind.Type, paddingLeft: true, tooltip });
  }
  return hints;
}
