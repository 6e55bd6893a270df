import { runAssets } from "../run.ts";
import type { Command } from "./command.ts";

/** Runs the selection of a past run again, on the target that is chosen now. */
export const runAgain: Command = {
  id: "sluice.runAgain",
  needsTrust: true,
  async run(app, first) {
    const element = first as { readonly runId?: string; readonly project?: string } | undefined;
    const project = app.projects.find(element?.project ?? "");
    const run = project?.state.runs().find((one) => one.runId === element?.runId);
    if (!project || !run) return undefined;
    if (!run.hasSteps) await project.loadSteps(run.runId);
    // Of several assets the partitions of the last one say which: those of the others follow from them.
    const divided = [...run.stepsOf.values()].filter(([step]) => step?.partitions !== undefined).at(-1);
    const partitions = divided?.flatMap((step) => step.partitions ?? []);
    return runAssets(app, {
      project,
      selection: run.selection,
      assets: [...run.stepsOf.keys()],
      upstream: true,
      ...(partitions ? { partitions } : {}),
    });
  },
};
