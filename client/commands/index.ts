import * as vscode from "vscode";
import { toErrorInfo } from "../../runtime/src/model/errors.ts";
import type { App } from "../app.ts";
import { notifyError } from "../notify.ts";
import { explainTrust } from "../trust.ts";
import { addPartition } from "./add-partition.ts";
import { cancelRun } from "./cancel-run.ts";
import type { Command } from "./command.ts";
import { copyKey } from "./copy-key.ts";
import { goToAsset } from "./go-to-asset.ts";
import { groupBy } from "./group-by.ts";
import { materialize } from "./materialize.ts";
import { materializeAll } from "./materialize-all.ts";
import { materializeWithUpstream } from "./materialize-with-upstream.ts";
import { newProject } from "./new-project.ts";
import { preview, previewPartition } from "./preview.ts";
import { refresh } from "./refresh.ts";
import { releaseStores } from "./release-stores.ts";
import { restartRunner } from "./restart-runner.ts";
import { revealPlace } from "./reveal-place.ts";
import { runAgain } from "./run-again.ts";
import { selectTarget } from "./select-target.ts";
import { showAsset } from "./show-asset.ts";
import { showLog } from "./show-log.ts";
import { showResolved } from "./show-resolved.ts";
import { writeTypes } from "./write-types.ts";

export const commands: readonly Command[] = [
  materialize,
  materializeWithUpstream,
  materializeAll,
  preview,
  previewPartition,
  addPartition,
  showAsset,
  showResolved,
  goToAsset,
  copyKey,
  revealPlace,
  cancelRun,
  runAgain,
  selectTarget,
  groupBy,
  refresh,
  restartRunner,
  releaseStores,
  showLog,
  newProject,
  writeTypes,
];

/** A command can be called whatever its `enablement` says: trust is checked here again, and failures are told. */
async function call(app: App, command: Command, values: readonly unknown[]): Promise<unknown> {
  if (command.needsTrust && !vscode.workspace.isTrusted) {
    void explainTrust();
    return undefined;
  }
  try {
    return await command.run(app, ...values);
  } catch (thrown) {
    const error = toErrorInfo(thrown, "runner/crashed");
    app.log.error(`${command.id}: ${error.stack ?? error.message}`);
    notifyError(app, error);
    return undefined;
  }
}

export const registerCommands = (app: App): readonly vscode.Disposable[] =>
  commands.map((command) =>
    vscode.commands.registerCommand(command.id, (...values: readonly unknown[]) => app.activity.track(call(app, command, values))),
  );
