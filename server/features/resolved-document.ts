import { code, escapeMarkdown } from "../../runtime/src/model/markdown.ts";
import { metadataMarkdown } from "../../runtime/src/model/metadata.ts";
import type { ChainFact, PartitionsFact } from "../index/facts.ts";
import type { Node } from "../index/node.ts";
import { pathOfUri, uriOfPath } from "../index/paths.ts";
import { positionAt } from "../index/text.ts";
import type { FeatureContext } from "./context.ts";
import { defaultManager, makerOf, managerOf } from "./findings/bindings.ts";
import { partitionsOf } from "./findings/partitions.ts";
import { namedRowType, storedColumns } from "./row-schema.ts";

/** Scheme of the documents that show an asset: `sluice:/raw/orders.md?file:///home/ada/shop`, with the key, and the project's folder as its query. */
export const documentScheme = "sluice";

/** The project folder's path and the key that a document's uri names. */
export function assetOfUri(uri: string): { readonly scope: string; readonly key: string } | undefined {
  const match = /^sluice:\/+([^?#]+)\.md\?([^#]+)/.exec(uri);
  if (!match) return undefined;
  try {
    const scope = pathOfUri(decodeURIComponent(match[2]!).replace(/\/$/, ""));
    return scope === undefined ? undefined : { scope, key: decodeURIComponent(match[1]!) };
  } catch {
    return undefined; // A percent sign that escapes nothing: no uri of ours.
  }
}

const list = (lines: readonly (readonly [label: string, text: string | undefined])[]) =>
  lines.flatMap(([label, text]) => (text === undefined || text === "" ? [] : [`- ${label}: ${text}`])).join("\n");

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replace(/(?<!\\)\|/g, "\\|")).join(" | ")} |`;
  return rows.length === 0 ? "" : [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

/** A line of a file, as a link. */
function placeLink({ workspace }: FeatureContext, scope: string, path: string, offset: number): string {
  const { line } = positionAt(workspace.facts(path)?.lines ?? [0], offset);
  const shown = scope !== "" && path.startsWith(`${scope}/`) ? path.slice(scope.length + 1) : path;
  return `[${escapeMarkdown(`${shown}:${line + 1}`)}](${uriOfPath(path)}#L${line + 1})`;
}

const keyOf = ({ key, id }: Node) => (key === undefined ? `*computed key* ${code(id.slice(id.indexOf("#") + 1))}` : code(key));

function partitionText(fact: PartitionsFact | ChainFact | undefined): string {
  if (!fact) return "";
  if (!("maker" in fact)) return code(fact.chain.join("."));
  const dimensions = fact.dimensions?.map(({ name, is }) => `${code(name)}: ${partitionText(is) || "computed"}`);
  const parts = [code(fact.maker), fact.timezone && escapeMarkdown(fact.timezone), fact.keys?.map(code).join(", "), dimensions?.join("; ")];
  return parts.filter((part) => part !== undefined && part !== "").join(" · ");
}

/** What each target binds to the asset's I/O manager key. */
function stores({ workspace }: FeatureContext, { scope }: Node, manager: string): string {
  const project = workspace.configOf(scope);
  const facts = project && workspace.facts(project.path);
  if (!project || !facts) return "";
  const rows = project.config.bound.map(({ name, bindings, isWhole }) => {
    const binding = bindings.find((each) => each.name === manager);
    const maker = binding && (makerOf(binding.maker, facts) ?? binding.maker?.join("."));
    const missing = !isWhole ? "*computed*" : manager === defaultManager ? "the built-in one, files" : "**nothing**";
    const isDefault = name === project.config.defaultTarget ? " (default)" : "";
    return [`${escapeMarkdown(name)}${isDefault}`, binding ? (maker === undefined ? "*computed*" : code(`${maker}()`)) : missing];
  });
  return table(["Target", `${code(manager)} is`], rows);
}

function upstream({ workspace }: FeatureContext, node: Node): string {
  const rows = workspace.edges(node).map(({ ref, target }) => {
    const found = target === undefined ? undefined : workspace.nodes.get(target);
    return [ref.input === undefined ? "*waits for it*" : code(ref.input), found ? keyOf(found) : `${code(ref.text)} (not found)`];
  });
  return table(["Input", "Asset"], rows);
}

function state({ statuses }: FeatureContext, { scope, key = "" }: Node): string {
  const status = statuses.get(scope, key);
  const partitions = status?.partitions;
  const time = (at: number | undefined) => (at === undefined ? undefined : new Date(at).toISOString());
  return list([
    [
      "State",
      statuses.isRunning(scope, key) ? "running" : status && escapeMarkdown(status.reason ? `${status.state}: ${status.reason}` : status.state),
    ],
    ["Rows", status?.rows?.toLocaleString("en-US")],
    ["Partitions stored", partitions && `${partitions.stored} of ${partitions.total}${partitions.failed > 0 ? `, ${partitions.failed} failed` : ""}`],
    ["Stored at", time(status?.storedAt)],
    ["Stored in", status?.place === undefined ? undefined : code(status.place)],
    ["Failed at", time(status?.failedAt)],
    ["Error", status?.error && escapeMarkdown(`${status.error.code}: ${status.error.message}`)],
  ]);
}

/**
 * All that is known of an asset, as Markdown: what its syntax says, resolved across files, and what was recorded of it. It tells no ages, so
 * that it stays the same until something changes.
 */
export function resolvedDocument(context: FeatureContext, uri: string): string | undefined {
  const { workspace, statuses } = context;
  const asked = assetOfUri(uri);
  if (!asked) return undefined;
  const ids = workspace.keys.ids(asked.scope, asked.key);
  const [node, ...others] = ids.flatMap((id) => workspace.nodes.get(id) ?? []);
  if (!node)
    return `# ${code(asked.key)}\n\nThe project has no asset with this key${context.isSettled() ? "" : " so far: files are still being read"}.\n`;
  const fact = workspace.fact(node);
  const manager = node.kind === "source" && !fact.ioManager ? undefined : managerOf(node, fact);
  const partitions = partitionsOf(workspace, node, fact);
  const row = namedRowType(workspace, node);
  const metadata = statuses.get(node.scope, asked.key)?.metadata;
  const noted = metadata && Object.fromEntries(Object.entries(metadata).filter(([name]) => name !== "columns"));
  const place = (path: string, offset: number) => placeLink(context, node.scope, path, offset);
  const named = fact.table && [fact.table.schema ?? "…", fact.table.name ?? "…"].join(".");
  const sections: readonly (readonly [title: string, text: string])[] = [
    [
      "",
      list([
        ["Kind", node.kind],
        ["Defined in", place(node.path, fact.span[0])],
        ["Defined again in", others.map((other) => place(other.path, workspace.fact(other).span[0])).join(", ")],
        ["Variable", fact.path && code(fact.path.join("."))],
        ["Group", fact.group && escapeMarkdown(fact.group)],
        [
          "I/O manager",
          fact.ioManager && !node.bound.manager ? `${code(fact.ioManager.chain.join("."))} (cannot be followed)` : manager && code(manager),
        ],
        ["Resources", node.bound.resources?.map(code).join(", ")],
        ["Table", fact.table?.isComputed ? "*computed*" : named && code(named)],
        ["Partitions", partitions === "none" ? undefined : partitionText(partitions ?? fact.partitions)],
        ["Half-typed", fact.stale && "its file does not parse; this is what it was before"],
      ]),
    ],
    ["State", state(context, node)],
    ["Stored by", manager === undefined ? "" : stores(context, node, manager)],
    ["Upstream", upstream(context, node)],
    [
      "Downstream",
      workspace
        .downstream(node.id)
        .flatMap((id) => workspace.nodes.get(id) ?? [])
        .map((each) => `- ${keyOf(each)}`)
        .sort()
        .join("\n"),
    ],
    [
      "Stored columns",
      table(
        ["Column", "Type"],
        (storedColumns(statuses, node) ?? []).map(({ name, type }) => [code(name), code(type)]),
      ),
    ],
    [
      "Row type",
      row
        ? `${code(row.fact.name)}, in ${place(row.path, row.fact.body[0])}\n\n${table(
            ["Member", "Type"],
            row.fact.members.map(({ name, types, optional }) => [code(optional ? `${name}?` : name), code(types.join(" | "))]),
          )}`
        : "",
    ],
    ["Recorded", noted && Object.keys(noted).length > 0 ? metadataMarkdown(noted) : ""],
  ];
  const body = sections.flatMap(([title, text]) => (text === "" ? [] : [title === "" ? text : `## ${title}\n\n${text}`]));
  return `${[`# ${code(asked.key)}`, ...(fact.description === undefined ? [] : [escapeMarkdown(fact.description)]), ...body].join("\n\n")}\n`;
}
