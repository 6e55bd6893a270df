import type { IndexedAsset, IndexedEdge } from "../../runtime/src/model/graph.ts";
import { type AssetFact, defaultExport } from "./facts.ts";
import type { Edge, Node } from "./node.ts";
import { uriOfPath } from "./paths.ts";
import { rangeOf } from "./text.ts";

export interface Described {
  readonly node: Node;
  readonly fact: AssetFact;
  readonly edges: readonly Edge[];
  /** Line starts of its file. */
  readonly lines: readonly number[];
}

/** An asset as the graph's readers see it. `keyOf` gives the key of another asset by its id. */
export function describe({ node, fact, edges, lines }: Described, keyOf: (id: string) => string | undefined): IndexedAsset {
  const upstream = edges.map(({ ref, target }): IndexedEdge => {
    const key = target === undefined ? undefined : keyOf(target);
    return {
      ...(ref.input === undefined ? {} : { input: ref.input }),
      ...(key === undefined ? {} : { key }),
      text: ref.text,
      range: rangeOf(lines, ref.span),
    };
  });
  return {
    id: node.id,
    kind: fact.kind,
    ...(fact.key === undefined ? {} : { key: fact.key }),
    ...(fact.path ? { name: fact.path.map((part) => (part === defaultExport ? "default" : part)).join(".") } : {}),
    uri: uriOfPath(node.path),
    range: rangeOf(lines, fact.span),
    keyRange: rangeOf(lines, fact.keySpan),
    ...(fact.group === undefined ? {} : { group: fact.group }),
    ...(fact.description === undefined ? {} : { description: fact.description }),
    ...(node.bound.manager === undefined ? {} : { ioManager: node.bound.manager }),
    upstream,
    ...(fact.stale ? { stale: true } : {}),
  };
}
