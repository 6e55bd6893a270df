import { formatAge, formatRows } from "../model/duration.ts";
import type { AssetStatus, Manifest } from "../model/graph.ts";
import { selectAssets } from "../model/selection.ts";
import { type Command, type CommandContext, selectFlag, targetFlag } from "./command.ts";
import { errorText, exitCodes } from "./errors.ts";
import { drawList } from "./table.ts";
import { plainLine, type Style } from "./terminal.ts";

const marks: Readonly<Record<AssetStatus["state"], readonly [mark: string, style: Style]>> = {
  fresh: ["✓", "green"],
  stale: ["~", "yellow"],
  missing: ["○", "dim"],
  failed: ["✗", "red"],
  unknown: ["?", "dim"],
};

/** Characters of a reason that still go into the line of its asset. */
const longestReason = 48;

/** One character for a state, in its colour. */
export function stateMark(state: AssetStatus["state"], { paint }: Pick<CommandContext["terminal"], "paint">): string {
  const [mark, style] = marks[state];
  return paint(style, mark);
}

/** The assets of the manifest that `--select` asks for. */
export function selected({ values }: Pick<CommandContext, "values">, manifest: Manifest, states?: ReadonlyMap<string, AssetStatus>) {
  const selection = values.text("select") ?? values.rest[0];
  if (selection === undefined) return manifest.assets;
  const keys = new Set(
    selectAssets(
      selection,
      manifest.assets.map((asset) => ({
        ...asset,
        upstream: [...asset.inputs.map(({ key }) => key), ...asset.deps],
        status: states?.get(asset.key)?.state,
        file: asset.place?.file.startsWith(manifest.root) ? asset.place.file.slice(manifest.root.length + 1) : undefined,
      })),
    ),
  );
  return manifest.assets.filter(({ key }) => keys.has(key));
}

/** Errors of the project on the error output; the exit code they make. */
export function tellErrors({ terminal, folder }: CommandContext, manifest: Manifest): number {
  for (const error of manifest.errors) terminal.error(`${terminal.paint("red", "✗")} ${error.code}\n${errorText(error, terminal, folder)}`);
  return manifest.errors.length > 0 ? exitCodes.misuse : exitCodes.ok;
}

export const list: Command = {
  name: "list",
  summary: "Shows the assets of a project and the state of each on a target.",
  usage: "[<selection>] [flags]",
  arguments: 1,
  flags: { select: selectFlag, target: targetFlag },
  examples: ["sluice list", 'sluice list "status:stale or status:missing"', "sluice list --json"],
  async run(context) {
    const { session, values, terminal } = context;
    const manifest = await session.manifest();
    const states = new Map<string, AssetStatus>();
    if (manifest.targets.length > 0) for (const status of await session.status(values.text("target"))) states.set(status.key, status);
    const assets = selected(context, manifest, states);
    if (values.on("json")) {
      terminal.out(
        `${JSON.stringify({ ...manifest, assets: assets.map((asset) => ({ ...asset, status: states.get(asset.key) })) }, undefined, 2)}\n`,
      );
      return manifest.errors.length > 0 ? exitCodes.misuse : exitCodes.ok;
    }
    const now = Date.now();
    // What does not fit into a line is said once below the list, for all the assets it holds for.
    const reasons = new Map<string, readonly string[]>();
    const rows = assets.map((asset) => {
      const status = states.get(asset.key);
      const why = status?.error?.message ?? status?.reason;
      const state = status?.error ? "failed" : (status?.state ?? "unknown");
      const short = why !== undefined && why.length <= longestReason;
      if (why !== undefined && !short) reasons.set(why, [...(reasons.get(why) ?? []), asset.key]);
      const partitions = why === undefined && status?.partitions ? ` (${status.partitions.stored} partitions)` : "";
      const words = short ? `${state}: ${why}` : `${state}${partitions}`;
      return [
        stateMark(status?.state ?? "unknown", terminal),
        plainLine(asset.key),
        asset.kind === "source" ? "source" : plainLine(words),
        status?.rows === undefined ? "" : formatRows(status.rows),
        status?.storedAt === undefined ? "" : formatAge(status.storedAt, now),
        plainLine(asset.group ?? ""),
      ];
    });
    terminal.out(rows.length === 0 ? "No assets.\n" : drawList(rows));
    for (const [why, keys] of reasons) terminal.out(`\n${plainLine(keys.join(", "))}\n    ${plainLine(why)}\n`);
    return tellErrors(context, manifest);
  },
};
