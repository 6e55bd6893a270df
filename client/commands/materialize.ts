import * as vscode from "vscode";
import type { RunSummary } from "../../runtime/src/model/events.ts";
import type { App, AssetRef } from "../app.ts";
import { upstreamOf } from "../graph/order.ts";
import { selectionOf } from "../graph/selection.ts";
import { pickAssets } from "../pick-assets.ts";
import type { Project } from "../project/project.ts";
import { runAssets } from "../run.ts";
import type { Command } from "./command.ts";

/** What a run of these assets may store: for the question before a write to a protected target. */
function written(project: Project, keys: readonly string[], wholeUpstream: boolean): readonly string[] {
  const { nodes } = project.state.graph();
  const upstream = [...upstreamOf(keys, nodes)].filter(
    (key) => nodes.get(key)?.kind !== "source" && (wholeUpstream || project.state.status(key)?.state !== "fresh"),
  );
  return [...upstream.reverse(), ...keys];
}

/** One run per project; several assets of a project go into one run. */
export async function materializeRefs(app: App, refs: readonly AssetRef[], wholeUpstream: boolean): Promise<RunSummary | undefined> {
  const projects = [...new Set(refs.map((ref) => ref.project))];
  const summaries = await Promise.all(
    projects.map((project) => {
      const keys = refs.filter((ref) => ref.project === project && project.state.graph().nodes.get(ref.key)?.kind !== "source").map((ref) => ref.key);
      if (keys.length === 0) {
        void vscode.window.showInformationMessage(vscode.l10n.t("An external asset is written by something else: there is nothing to run."));
        return undefined;
      }
      return runAssets(app, {
        project,
        assets: written(project, keys, wholeUpstream),
        selection: selectionOf(keys, wholeUpstream),
        upstream: !wholeUpstream,
      });
    }),
  );
  return summaries.find((summary) => summary?.state === "failed") ?? summaries.find((summary) => summary !== undefined);
}

/** The asset, after those upstream that are missing or stale. */
export const materialize: Command = {
  id: "sluice.materialize",
  needsTrust: true,
  run: async (app, ...values) => materializeRefs(app, await pickAssets(app, values, vscode.l10n.t("Asset to materialize")), false),
};
