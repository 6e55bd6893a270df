import * as vscode from "vscode";
import type { RunSummary } from "../../runtime/src/model/events.ts";
import type { App, AssetRef } from "../app.ts";
import { upstreamOf } from "../graph/order.ts";
import type { PartitionChoice } from "../graph/partition-choice.ts";
import { selectionOf } from "../graph/selection.ts";
import { pickAssets } from "../pick-assets.ts";
import type { Project } from "../project/project.ts";
import { runAssets } from "../run.ts";
import type { Command } from "./command.ts";

/** Everything that is selected, as far as the editor knows: which partitions of it are made has to be said. */
function selected(project: Project, keys: readonly string[], wholeUpstream: boolean): readonly string[] {
  if (!wholeUpstream) return keys;
  const { nodes } = project.state.graph();
  const upstream = [...upstreamOf(keys, nodes)].filter((key) => nodes.get(key)?.kind !== "source");
  return [...upstream.reverse(), ...keys];
}

/** Assets of one project whose partitions were pointed at alike. */
interface Batch extends PartitionChoice {
  readonly project: Project;
  readonly keys: string[];
}

function batchesOf(refs: readonly AssetRef[]): readonly Batch[] {
  const byAsset = new Map<string, AssetRef>();
  for (const ref of refs) {
    const id = JSON.stringify([ref.project.id, ref.key]);
    const before = byAsset.get(id);
    // An asset beside one of its own partitions stands for itself: which of them is asked.
    const partitions = before ? before.partitions && ref.partitions && [...before.partitions, ...ref.partitions] : ref.partitions;
    byAsset.set(id, { project: ref.project, key: ref.key, ...(partitions ? { partitions } : {}), ...(ref.missing ? { missing: true } : {}) });
  }
  const batches = new Map<string, Batch>();
  for (const { project, key, ...choice } of byAsset.values()) {
    const id = JSON.stringify([project.id, choice]);
    const batch = batches.get(id);
    if (batch) batch.keys.push(key);
    else batches.set(id, { project, keys: [key], ...choice });
  }
  return [...batches.values()];
}

/** One run per project; several assets of a project go into one run, unless partitions of each were pointed at. */
export async function materializeRefs(app: App, refs: readonly AssetRef[], wholeUpstream: boolean): Promise<RunSummary | undefined> {
  const runnable = refs.filter((ref) => ref.project.state.graph().nodes.get(ref.key)?.kind !== "source");
  if (runnable.length === 0 && refs.length > 0) {
    void vscode.window.showInformationMessage(vscode.l10n.t("An external asset is written by something else: there is nothing to run."));
  }
  const summaries = await Promise.all(
    batchesOf(runnable).map(({ project, keys, ...choice }) =>
      runAssets(app, {
        project,
        assets: selected(project, keys, wholeUpstream),
        selection: selectionOf(keys, wholeUpstream),
        upstream: !wholeUpstream,
        ...choice,
      }),
    ),
  );
  return summaries.find((summary) => summary?.state === "failed") ?? summaries.find((summary) => summary !== undefined);
}

/** The asset, after those upstream that are missing or stale. */
export const materialize: Command = {
  id: "sluice.materialize",
  needsTrust: true,
  run: async (app, ...values) => materializeRefs(app, await pickAssets(app, values, vscode.l10n.t("Asset to materialize")), false),
};
