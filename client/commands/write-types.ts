import * as vscode from "vscode";
import { refreshTypes } from "../new-project/offer-types.ts";
import { pickProject } from "../pick-project.ts";
import type { Command } from "./command.ts";

/** Writes the types of `sluice` into the project's .sluice/types, for a project that has not installed it. */
export const writeTypes: Command = {
  id: "sluice.writeTypes",
  needsTrust: true,
  async run(app, ...values) {
    const project = await pickProject(app, values, vscode.l10n.t("Project to write types for"));
    return project ? refreshTypes(app, project, true) : false;
  },
};
