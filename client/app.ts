import type * as vscode from "vscode";
import type { Activity } from "./activity.ts";
import type { PartitionChoice } from "./graph/partition-choice.ts";
import type { TablePanels } from "./panels/table.ts";
import type { Project } from "./project/project.ts";
import type { Projects } from "./project/projects.ts";
import type { RunnerFiles } from "./project/runner-files.ts";
import type { AssetsView } from "./views/assets.ts";

/** What commands and views share. */
export interface App {
  readonly context: vscode.ExtensionContext;
  readonly log: vscode.LogOutputChannel;
  readonly activity: Activity;
  readonly files: RunnerFiles;
  readonly projects: Projects;
  readonly assetsView: AssetsView;
  readonly tables: TablePanels;
}

/** An asset that a command works on, with partitions where some were pointed at. */
export interface AssetRef extends PartitionChoice {
  readonly project: Project;
  readonly key: string;
}
