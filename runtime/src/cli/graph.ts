import type { ManifestAsset } from "../model/graph.ts";
import { type Command, selectFlag } from "./command.ts";
import { exitCodes } from "./errors.ts";
import { selected, tellErrors } from "./list.ts";
import { drawList } from "./table.ts";
import { plainLine } from "./terminal.ts";

const upstreamOf = ({ inputs, deps }: ManifestAsset): readonly string[] => [...new Set([...inputs.map(({ key }) => key), ...deps])];

/** The graph in Mermaid's words, with numbers for names, since keys may hold anything. */
function mermaid(assets: readonly ManifestAsset[]): string {
  const ids = new Map(assets.map(({ key }, at) => [key, `a${at}`]));
  const lines = assets.flatMap((asset) => [
    `  ${ids.get(asset.key)}["${plainLine(asset.key).replaceAll('"', "#quot;")}"]`,
    ...upstreamOf(asset).flatMap((key) => (ids.has(key) ? [`  ${ids.get(key)} --> ${ids.get(asset.key)}`] : [])),
  ]);
  return `graph LR\n${lines.join("\n")}\n`;
}

export const graph: Command = {
  name: "graph",
  summary: "Shows what each asset depends on, upstream first.",
  usage: "[<selection>] [flags]",
  arguments: 1,
  flags: { select: selectFlag, mermaid: { type: "boolean", text: "as a Mermaid diagram" } },
  examples: ["sluice graph", 'sluice graph "+sales_summary"', "sluice graph --mermaid"],
  async run(context) {
    const { session, values, terminal } = context;
    const manifest = await session.manifest();
    const assets = selected(context, manifest);
    if (values.on("json")) {
      const edges = assets.flatMap((asset) => upstreamOf(asset).map((from) => ({ from, to: asset.key })));
      terminal.out(`${JSON.stringify({ assets: assets.map(({ key }) => key), edges, errors: manifest.errors }, undefined, 2)}\n`);
      return manifest.errors.length > 0 ? exitCodes.misuse : exitCodes.ok;
    }
    if (values.on("mermaid")) terminal.out(mermaid(assets));
    else {
      const arrow = terminal.paint("dim", "←");
      terminal.out(
        drawList(
          assets.map((asset) => [plainLine(asset.key), upstreamOf(asset).length === 0 ? "" : `${arrow} ${plainLine(upstreamOf(asset).join(", "))}`]),
        ),
      );
    }
    return tellErrors(context, manifest);
  },
};
