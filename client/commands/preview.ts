import * as vscode from "vscode";
import type { TableSubject } from "../../runtime/src/model/table-messages.ts";
import { pickAsset } from "../pick-assets.ts";
import { choosePreviewed } from "../pick-partitions.ts";
import type { Command } from "./command.ts";

const withPartition = (subject: TableSubject, partition: string): TableSubject => {
  const { partition: _before, ...whole } = subject;
  return partition === "" ? whole : { ...whole, partition };
};

/** Shows what the asset stored on the chosen target: of one with partitions, one of them or all, as the reader picks. */
export const preview: Command = {
  id: "sluice.preview",
  needsTrust: true,
  async run(app, ...values) {
    const ref = await pickAsset(app, values, vscode.l10n.t("Asset to preview"));
    if (!ref) return undefined;
    const { project, key, partitions: [named] = [] } = ref;
    if (!project.state.manifest()) await app.assetsView.withProgress(project.load);
    const whole = { project: project.id, key, target: project.targets.current() ?? "" };
    const isDivided = project.state.graph().nodes.get(key)?.partitioned ?? false;
    const partition = named ?? (isDivided ? await choosePreviewed(project, key) : "");
    if (partition === undefined) return undefined;
    const subject = withPartition(whole, partition);
    app.tables.open(subject);
    return subject;
  },
};

/** Shows another partition in the place of the table that is open. */
export const previewPartition: Command = {
  id: "sluice.previewPartition",
  needsTrust: true,
  async run(app, first) {
    const before = (first as TableSubject | undefined) ?? app.tables.active();
    const project = before && app.projects.find(before.project);
    if (!before || !project?.state.graph().nodes.get(before.key)?.partitioned) return undefined;
    const partition = await choosePreviewed(project, before.key, before.partition ?? "");
    if (partition === undefined) return undefined;
    const subject = withPartition(before, partition);
    app.tables.replace(before, subject);
    return subject;
  },
};
