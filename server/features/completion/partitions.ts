import { CompletionItemKind } from "vscode-languageserver/node";
import type { ChainFact, PartitionsFact } from "../../index/facts.ts";
import type { Node } from "../../index/node.ts";
import type { Workspace } from "../../index/workspace.ts";
import { partitionsOf } from "../findings/partitions.ts";
import { type Asked, callOf, type Offer, wordAround } from "./asked.ts";
import { receiver } from "./upstream.ts";

/** A dimension's own definition, on the spot or under a name of the file that it stands in. */
function definitionOf(workspace: Workspace, path: string, is: PartitionsFact | ChainFact | undefined): PartitionsFact | undefined {
  if (!is || "maker" in is) return is;
  return workspace.facts(path)?.partitions.find((each) => each.path.join(".") === is.chain.join("."));
}

function keysOf(workspace: Workspace, node: Node, dimension: string | undefined): readonly string[] {
  const partitions = partitionsOf(workspace, node, workspace.fact(node));
  if (!partitions || partitions === "none") return [];
  if (dimension === undefined) return partitions.keys ?? [];
  const found = partitions.dimensions?.find(({ name }) => name === dimension);
  return definitionOf(workspace, node.bound.partitions?.path ?? node.path, found?.is)?.keys ?? [];
}

/** Keys of static partitions, in `sales.partition("‸")` and `sales.partition({ region: "‸" })`. */
export function partitionKeys(asked: Asked): Offer | undefined {
  const { context, text, offset, caret } = asked;
  const { frame, literal } = caret;
  const call = frame?.open === "(" ? frame : callOf(frame);
  if (literal === undefined || !frame || !call || !/\.\s*partition\s*$/.test(call.lead) || call.strings.length > 0) return undefined;
  const node = receiver(asked, call);
  const keys = node ? keysOf(context.workspace, node, frame === call ? undefined : frame.names.at(-1)) : [];
  const [, end] = wordAround(text, offset, /[^"'`,)}\n]/u);
  return { items: keys.map((label) => ({ label, kind: CompletionItemKind.EnumMember, detail: "partition" })), span: [literal + 1, end] };
}
