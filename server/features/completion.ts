import type { CompletionList } from "vscode-languageserver/node";
import type { Position } from "../../runtime/src/model/graph.ts";
import { offsetAt, rangeOf } from "../index/text.ts";
import { caretAt } from "./caret.ts";
import type { Asked, Offer } from "./completion/asked.ts";
import { bindings, keyVariables } from "./completion/bound-keys.ts";
import { columnNames, sqlColumns } from "./completion/columns.ts";
import { assetKeys, groups } from "./completion/keys.ts";
import { inputs, targets } from "./completion/names.ts";
import { partitionKeys } from "./completion/partitions.ts";
import type { FeatureContext } from "./context.ts";

/** Characters after which a client asks by itself. */
export const completionTriggers = ['"', "'", "/", "{", ".", " "];

/** What is offered at different places; the first whose place it is answers. */
const sources: readonly ((asked: Asked, trigger?: string) => Offer | undefined)[] = [
  assetKeys,
  targets,
  groups,
  partitionKeys,
  columnNames,
  sqlColumns,
  bindings,
  keyVariables,
  inputs,
];

/**
 * What only the graph and the stores know: keys of assets, partitions, I/O managers and resources, targets, groups, columns, and the inputs
 * that a callback can take. `trigger` is the character that made the client ask.
 */
export function completion(context: FeatureContext, path: string, position: Position, trigger?: string): CompletionList {
  const none: CompletionList = { isIncomplete: false, items: [] };
  const facts = context.workspace.facts(path);
  const text = context.text(path);
  const offset = facts && text !== undefined ? Math.min(offsetAt(facts.lines, position), text.length) : undefined;
  const caret = text === undefined || offset === undefined ? undefined : caretAt(text, offset);
  if (!facts || text === undefined || offset === undefined || !caret) return none;
  const asked: Asked = { context, path, facts, text, offset, caret };
  for (const source of sources) {
    const offer = source(asked, trigger);
    if (!offer) continue;
    // A space and a dot are typed everywhere: only columns come up by themselves after them.
    if ((trigger === " " || trigger === ".") && source !== sqlColumns) return none;
    const range = rangeOf(facts.lines, offer.span);
    const items = offer.items.map(({ insertText, ...item }) => ({ ...item, textEdit: { range, newText: insertText ?? item.label } }));
    return { isIncomplete: offer.isPart ?? false, items };
  }
  return none;
}
