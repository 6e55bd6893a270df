import type { Hover } from "vscode-languageserver/node";
import type { Position } from "../../runtime/src/model/graph.ts";
import { code, escapeMarkdown } from "../../runtime/src/model/markdown.ts";
import { metadataLines, metadataMarkdown } from "../../runtime/src/model/metadata.ts";
import type { Node } from "../index/node.ts";
import { rangeOf } from "../index/text.ts";
import { statusWords } from "../status-words.ts";
import type { FeatureContext } from "./context.ts";
import { assetOf, spotAt } from "./spot.ts";
import { upstreamOf } from "./upstream.ts";

const listed = 8;

interface Line {
  readonly label: string;
  readonly values: readonly string[];
  readonly isCode: boolean;
  /** After the values, as plain text. */
  readonly note?: string | undefined;
}

const words: Readonly<Record<Node["kind"], string>> = { asset: "asset", output: "output of several", source: "source" };

/** Keys of assets, as a list that stays short. */
function keysOf(nodes: readonly Node[]): readonly string[] {
  const keys = nodes.map(({ key, id }) => key ?? id.slice(id.indexOf("#") + 1)).sort();
  return keys.length > listed ? [...keys.slice(0, listed - 1), `${keys.length - listed + 1} more`] : keys;
}

function linesOf(node: Node, { workspace, statuses, now }: FeatureContext): readonly Line[] {
  const fact = workspace.fact(node);
  const key = node.key ?? "";
  const status = statuses.get(node.scope, key);
  const state = statusWords(status, statuses.isRunning(node.scope, key), now());
  const downstream = workspace.downstream(node.id).flatMap((id) => workspace.nodes.get(id) ?? []);
  const line = (label: string, values: readonly (string | undefined)[], isCode = false, note?: string): Line => ({
    label,
    values: values.filter((value) => value !== undefined),
    isCode,
    note,
  });
  const manager =
    node.kind === "source" && !fact.ioManager ? undefined : (node.bound.manager ?? (fact.ioManager ? fact.ioManager.chain.join(".") : "ioManager"));
  const binding = manager === undefined ? undefined : statuses.binding(node.scope, manager);
  return [
    line("Group", [fact.group]),
    line("I/O manager", [manager], true, binding && ` → ${binding.store} (target ${binding.target})`),
    line("Upstream", keysOf(upstreamOf(workspace, node)), true),
    line("Downstream", keysOf(downstream), true),
    line("State", [state]),
    line("Stored in", [status?.place], true),
  ].filter(({ values }) => values.length > 0);
}

function markdown(node: Node, context: FeatureContext): string {
  const { description } = context.workspace.fact(node);
  const head = `${node.key === undefined ? "*computed key*" : code(node.key)} — ${words[node.kind]}`;
  const lines = linesOf(node, context).map(
    ({ label, values, isCode, note = "" }) => `${label}: ${values.map(isCode ? code : escapeMarkdown).join(", ")}${escapeMarkdown(note)}`,
  );
  const metadata = context.statuses.get(node.scope, node.key ?? "")?.metadata;
  const parts = [
    head,
    ...(description === undefined ? [] : [escapeMarkdown(description)]),
    lines.join("  \n"),
    ...(metadata ? [`---\n\n${metadataMarkdown(metadata)}`] : []),
  ];
  return parts.filter((part) => part !== "").join("\n\n");
}

function plain(node: Node, context: FeatureContext): string {
  const { description } = context.workspace.fact(node);
  const lines = linesOf(node, context).map(({ label, values, note = "" }) => `${label}: ${values.join(", ")}${note}`);
  const metadata = metadataLines(context.statuses.get(node.scope, node.key ?? "")?.metadata ?? {}).map(({ name, text }) => `${name}: ${text}`);
  const told = description === undefined ? [] : [description];
  return [`${node.key ?? "computed key"}: ${words[node.kind]}`, ...told, ...lines, ...metadata].join("\n");
}

/** What is known of the asset under a position, whether it is defined or named there. */
export function hover(context: FeatureContext, path: string, position: Position): Hover | null {
  const { workspace } = context;
  const spot = spotAt(workspace, path, position);
  const node = assetOf(spot);
  const lines = workspace.facts(path)?.lines;
  if (!spot || !node || !lines) return null;
  return {
    contents: context.markdown ? { kind: "markdown", value: markdown(node, context) } : { kind: "plaintext", value: plain(node, context) },
    range: rangeOf(lines, spot.span),
  };
}
