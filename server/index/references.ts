import type { PackageBindings } from "./bindings.ts";
import { bare, chainOf, choosesPartitions, literal, objectOf, peeled, property, propertyName } from "./expressions.ts";
import type { RefFact, Span } from "./facts.ts";
import { ts } from "./typescript.ts";

export interface ReferenceReader {
  readonly source: ts.SourceFile;
  readonly bindings: PackageBindings;
  readonly span: (node: ts.Node) => Span;
  /** Position in the file's assets of the definition that this call is, which it records. */
  readonly define: (call: ts.CallExpression) => number | undefined;
}

const longestText = 60;

function snippet(node: ts.Node, source: ts.SourceFile): string {
  const start = node.getStart(source);
  const text = source.text.slice(start, Math.min(node.end, start + longestText + 1)).replace(/\s+/g, " ");
  return text.length > longestText ? `${text.slice(0, longestText)}…` : text;
}

/** The upstream asset that an expression names; `undefined` for `self()`, which is no other asset. */
export function refOf(node: ts.Expression, reader: ReferenceReader): RefFact | undefined {
  const at = peeled(node);
  const span = reader.span(at);
  if (ts.isCallExpression(at)) {
    if (reader.bindings.definer(at) === "self") return undefined;
    const inline = reader.define(at);
    return { ...(inline === undefined ? {} : { inline }), text: snippet(at, reader.source), span };
  }
  const chain = chainOf(at);
  if (chain && !reader.bindings.isShadowed(chain[0]!)) return { chain, text: chain.join("."), span };
  return { text: snippet(at, reader.source), span };
}

function dependency(element: ts.Expression, reader: ReferenceReader): RefFact | undefined {
  const key = ts.isStringLiteralLike(bare(element)) ? literal(element) : undefined;
  return key === undefined ? refOf(element, reader) : { key, text: key, span: reader.span(bare(element)) };
}

/** What `inputs` and `deps` of a definition name, in the order written. Spreads are computed, and left out. */
export function refsOf(spec: ts.ObjectLiteralExpression, reader: ReferenceReader): RefFact[] {
  const refs: RefFact[] = [];
  for (const at of objectOf(property(spec, "inputs"))?.properties ?? []) {
    if (!ts.isPropertyAssignment(at) && !ts.isShorthandPropertyAssignment(at)) continue;
    const input = propertyName(at.name);
    const value = ts.isPropertyAssignment(at) ? at.initializer : at.name;
    const ref = refOf(value, reader);
    if (!ref || input === undefined || input === "") continue;
    refs.push({ input, inputSpan: reader.span(at.name), ...(choosesPartitions(value) ? { chooses: true } : {}), ...ref });
  }
  const deps = property(spec, "deps");
  const list = deps && bare(deps);
  if (list && ts.isArrayLiteralExpression(list)) {
    for (const element of list.elements) {
      if (ts.isSpreadElement(element) || ts.isOmittedExpression(element)) continue;
      const ref = dependency(element, reader);
      if (ref && ref.text !== "") refs.push(ref);
    }
  }
  return refs;
}
