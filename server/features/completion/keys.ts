import { type CompletionItem, CompletionItemKind } from "vscode-languageserver/node";
import type { FileFacts } from "../../index/facts.ts";
import { groupsIn } from "../../index/pack.ts";
import { type Caret, isCallOf, labelOf } from "../caret.ts";
import { type Asked, callOf, definers, isSpecOf, keyCharacter, makers, type Offer, wordAround } from "./asked.ts";

/** More than a list shows; the client asks again as letters are typed. */
const most = 500;

/** True inside a string that names assets: an element of `deps`, or a selection. */
function namesAssets({ frame }: Caret, facts: FileFacts): boolean {
  if (frame?.open === "[" && labelOf(frame) === "deps") return isSpecOf(makers, frame.parent, facts);
  return frame?.strings.length === 0 && isCallOf(["materialize"], frame, facts);
}

/** Asset keys, in the strings that name assets. */
export function assetKeys({ context: { workspace }, path, facts, text, offset, caret }: Asked): Offer | undefined {
  if (caret.literal === undefined || !namesAssets(caret, facts)) return undefined;
  const span = wordAround(text, offset, keyCharacter);
  const scope = workspace.projectOf(path);
  if (scope === "") return { items: [], span };
  const call = callOf(caret.frame?.parent);
  const left = new Set([...(call?.strings.slice(0, 1) ?? []), ...(caret.frame?.strings ?? [])]);
  const items: CompletionItem[] = [];
  const letters = text.slice(span[0], offset).toLowerCase();
  const all = [...workspace.keys.keys(scope)].filter((key) => !left.has(key)).sort();
  const fitting = all.length > most ? all.filter((key) => key.toLowerCase().includes(letters)) : all;
  for (const key of fitting.slice(0, most)) {
    const node = workspace.nodes.get(workspace.keys.ids(scope, key)[0]!);
    if (!node) continue;
    const { kind, group, description } = workspace.fact(node);
    items.push({
      label: key,
      kind: CompletionItemKind.Reference,
      detail: group === undefined ? kind : `${kind} · ${group}`,
      ...(description === undefined ? {} : { documentation: description }),
    });
  }
  return { items, span, isPart: all.length > most };
}

/** Groups that the project's assets have, in `group: "‸"`. */
export function groups({ context: { workspace }, path, facts, text, offset, caret: { frame, literal } }: Asked): Offer | undefined {
  if (literal === undefined || frame?.names.at(-1) !== "group" || !isSpecOf(definers, frame, facts)) return undefined;
  const scope = workspace.projectOf(path);
  const found = new Set<string>();
  for (const each of workspace.files) {
    const packed = workspace.packed(each);
    if (packed !== undefined && workspace.projectOf(each) === scope) for (const group of groupsIn(packed)) found.add(group);
  }
  const span = wordAround(text, offset, /[^"'`\n,]/u);
  const start = Math.max(span[0], literal + 1);
  // What is being typed is in the index as well.
  found.delete(text.slice(start, span[1]));
  return { items: [...found].sort().map((label) => ({ label, kind: CompletionItemKind.Value, detail: "group" })), span: [start, span[1]] };
}
