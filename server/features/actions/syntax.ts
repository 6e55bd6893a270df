import { propertyName } from "../../index/expressions.ts";
import { ts } from "../../index/typescript.ts";

/** A tree of a whole text, made for one action: the index keeps none. */
export const treeOf = (path: string, text: string): ts.SourceFile => ts.createSourceFile(path, text, ts.ScriptTarget.ESNext, true);

/** The innermost node that passes and covers an offset. */
export function innermost<Found extends ts.Node>(tree: ts.SourceFile, offset: number, passes: (node: ts.Node) => node is Found): Found | undefined {
  let found: Found | undefined;
  const visit = (node: ts.Node): void => {
    if (node.getStart(tree) > offset || node.end < offset) return;
    if (passes(node)) found = node;
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return found;
}

/** A property of an object literal by its name. */
export const memberOf = (object: ts.ObjectLiteralExpression, name: string): ts.ObjectLiteralElementLike | undefined =>
  object.properties.find((each) => propertyName(each.name) === name);

/** The span of an element of a list together with the comma that goes with it, so that what is left is a list. */
export function withComma(tree: ts.SourceFile, list: ts.NodeArray<ts.Node>, element: ts.Node): readonly [start: number, end: number] {
  const index = list.indexOf(element);
  const next = list[index + 1];
  if (next) return [element.getStart(tree), next.getStart(tree)];
  const before = list[index - 1];
  return before ? [before.end, element.end] : [element.getStart(tree), list.hasTrailingComma ? list.end : element.end];
}
