import * as vscode from "vscode";
import { type Grouping, groupings } from "../graph/grouping.ts";
import type { Command } from "./command.ts";

const words = (grouping: Grouping): string =>
  ({
    group: vscode.l10n.t("Group"),
    file: vscode.l10n.t("File"),
    ioManager: vscode.l10n.t("I/O manager"),
    status: vscode.l10n.t("State"),
  })[grouping];

/** Chooses what the Assets view groups by. An argument names it. */
export const groupBy: Command = {
  id: "sluice.groupBy",
  needsTrust: false,
  async run(app, first) {
    const now = app.assetsView.grouping();
    const picks = groupings.map((grouping) => ({
      label: words(grouping),
      ...(grouping === now ? { description: vscode.l10n.t("current") } : {}),
      grouping,
    }));
    const picked =
      picks.find((pick) => pick.grouping === first) ?? (await vscode.window.showQuickPick(picks, { placeHolder: vscode.l10n.t("Group assets by") }));
    if (picked) await app.assetsView.setGrouping(picked.grouping);
    return app.assetsView.grouping();
  },
};
