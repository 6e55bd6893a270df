import type { Node } from "../../index/node.ts";
import type { Workspace } from "../../index/workspace.ts";
import type { Frame } from "../caret.ts";
import type { Asked } from "./asked.ts";

/** Identifier and members in front of a call's parenthesis, up to the first that is called itself: `ns.sales.as(rows()).with(` is `ns.sales`. */
function receiverOf(text: string, paren: number): readonly string[] {
  const parts: { readonly name: string; readonly isCalled: boolean }[] = [];
  let isCalled = true;
  for (let at = paren; ; ) {
    while (at > 0 && /\s/.test(text[at - 1]!)) at--;
    if (text[at - 1] === ")") {
      let depth = 0;
      do {
        at--;
        if (text[at] === ")") depth++;
        else if (text[at] === "(") depth--;
      } while (at > 0 && depth > 0);
      isCalled = true;
      continue;
    }
    const end = at;
    while (at > 0 && /[\p{L}\p{Nd}_$]/u.test(text[at - 1]!)) at--;
    if (at === end) break;
    parts.unshift({ name: text.slice(at, end), isCalled });
    isCalled = false;
    while (at > 0 && /\s/.test(text[at - 1]!)) at--;
    if (text[at - 1] !== ".") break;
    at--;
  }
  const first = parts.findIndex((part) => part.isCalled);
  return parts.slice(0, first < 0 ? undefined : first).map(({ name }) => name);
}

/** The asset whose method a parenthesis calls, where the file names it as somebody's upstream or defines it. */
export function receiver({ context: { workspace }, path, text }: Asked, paren: Frame): Node | undefined {
  const chain = receiverOf(text, paren.at).join(".");
  if (chain === "") return undefined;
  for (const node of workspace.nodesIn(path)) {
    if (workspace.fact(node).path?.join(".") === chain) return node;
    for (const { ref, target } of workspace.edges(node)) {
      if (target !== undefined && ref.chain?.join(".") === chain) return workspace.nodes.get(target);
    }
  }
  return undefined;
}

/** The assets around the caret, of which a specification is: one, or several outputs. */
export function assetsOf(workspace: Workspace, path: string, spec: Frame): readonly Node[] {
  const key = spec.parent?.strings[0];
  return workspace.nodesIn(path).filter((node) => {
    const fact = workspace.fact(node);
    const isAround = fact.span[0] <= spec.at && spec.at <= fact.span[1];
    // While the text does not parse, places may be old and keys are not.
    return fact.stale ? key !== undefined && (fact.key === key || fact.key?.startsWith(`${key}/`)) : isAround;
  });
}
