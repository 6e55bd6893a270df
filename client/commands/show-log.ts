import type { Command } from "./command.ts";

export const showLog: Command = { id: "sluice.showLog", needsTrust: false, run: async (app) => app.log.show() };
