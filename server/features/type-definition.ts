import type { LocationLink } from "vscode-languageserver/node";
import type { Position, Range } from "../../runtime/src/model/graph.ts";
import { uriOfPath } from "../index/paths.ts";
import { covers, offsetAt, rangeOf } from "../index/text.ts";
import type { FeatureContext } from "./context.ts";
import { managerOf } from "./findings/bindings.ts";
import { assetOf, spotAt } from "./spot.ts";

/**
 * From an asset, or from the I/O manager key or resource key that it names, to what each target of the config binds to it: the binding is
 * what decides how and where its value lies. A target that leaves the default to the built-in one is shown by its name.
 */
export function typeDefinition({ workspace }: FeatureContext, path: string, position: Position): LocationLink[] {
  const facts = workspace.facts(path);
  if (!facts) return [];
  const offset = offsetAt(facts.lines, position);
  let origin: Range | undefined;
  let key: string | undefined;
  for (const node of workspace.nodesIn(path)) {
    const { ioManager, resources = [] } = facts.assets[node.index]!;
    const named = [...(ioManager ? [{ span: ioManager.span, name: node.bound.manager }] : [])];
    if (resources.length === node.bound.resources?.length)
      named.push(...resources.map(({ span }, at) => ({ span, name: node.bound.resources![at] })));
    const found = named.find(({ span }) => covers(span, offset));
    if (found) [origin, key] = [rangeOf(facts.lines, found.span), found.name];
  }
  const spot = origin ? undefined : spotAt(workspace, path, position);
  const node = assetOf(spot);
  if (spot && node) [origin, key] = [rangeOf(facts.lines, spot.span), managerOf(node, workspace.fact(node))];
  const project = workspace.configOf(workspace.projectOf(path));
  if (!origin || key === undefined || !project) return [];
  const { lines } = workspace.facts(project.path)!;
  return project.config.bound.flatMap(({ bindings, isWhole, ...target }) => {
    const binding = bindings.find(({ name }) => name === key) ?? (isWhole && key === "ioManager" ? target : undefined);
    if (!binding) return [];
    const range = rangeOf(lines, binding.span);
    return [{ originSelectionRange: origin, targetUri: uriOfPath(project.path), targetRange: range, targetSelectionRange: range }];
  });
}
