import type { Command } from "./command.ts";

/** Loads every project again and asks for the states of its assets. */
export const refresh: Command = {
  id: "sluice.refresh",
  needsTrust: true,
  run: async (app) => app.assetsView.withProgress(() => Promise.all(app.projects.list().map((project) => project.load()))),
};
