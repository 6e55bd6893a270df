import { formatDuration } from "../model/duration.ts";
import type { RunEvent } from "../model/events.ts";
import { checkLine } from "./check-line.ts";
import { type Command, partitionFlags, partitionParts, selectFlag, selectionOf, targetFlag } from "./command.ts";
import { errorText, exitCodes } from "./errors.ts";
import { plainLine } from "./terminal.ts";

export const check: Command = {
  name: "check",
  summary: "Makes the checks of what is stored, and stores nothing.",
  usage: "[<selection>] [flags]",
  arguments: 1,
  flags: { select: selectFlag, target: targetFlag, ...partitionFlags },
  examples: ["sluice check", "sluice check clean_sales -t prod", "sluice check daily_sales --range 2026-01-01..2026-01-31 --json"],
  async run(context) {
    const { session, values, terminal, folder, signal } = context;
    const json = values.on("json");
    const { paint } = terminal;
    const selection = selectionOf(values);
    const manifest = await session.manifest();
    const unloaded = manifest.errors.filter(({ code }) => code !== "graph/storage-collision");
    for (const error of unloaded) terminal.error(`${paint("red", "✗")} ${error.code}\n${errorText(error, terminal, folder)}`);
    const started = Date.now();
    const take = (event: RunEvent): void => {
      if (json) terminal.out(`${JSON.stringify(event)}\n`);
      else if (event.type === "check-evaluated") terminal.out(checkLine(event, terminal));
      else if (event.type === "log") terminal.out(`  ${paint("dim", `${plainLine(event.step)} |`)} ${plainLine(event.message)}\n`);
    };
    const request = { target: values.text("target"), selection: selection ?? "*", partitions: partitionParts(values) };
    const { evaluated, errors, passed, target } = await session.check(request, take, signal);
    for (const { stack: _, ...error } of errors) {
      if (json) terminal.out(`${JSON.stringify({ type: "error", error })}\n`);
      else
        terminal.out(
          `${paint("red", "✗")} ${error.code}${error.asset === undefined ? "" : ` · ${plainLine(error.asset)}`}\n${errorText(error, terminal, folder)}`,
        );
    }
    if (!json) {
      const failed = evaluated.filter((each) => !each.passed && each.severity === "error").length;
      const warned = evaluated.filter((each) => !each.passed && each.severity === "warn").length;
      const counts = [
        failed > 0 ? paint("red", `${failed} failed`) : "",
        errors.length > 0 ? paint("red", `${errors.length} could not be made`) : "",
        warned > 0 ? paint("yellow", `${warned} ${warned === 1 ? "warns" : "warn"}`) : "",
        evaluated.length > failed + warned ? `${evaluated.length - failed - warned} passed` : "",
      ].filter((each) => each !== "");
      const said = counts.length === 0 ? "nothing to check" : `${counts.join(", ")} in ${formatDuration(Date.now() - started)}`;
      terminal.out(`${paint("bold", plainLine(target))}: ${said}\n`);
    }
    // a part of the project is missing from what "all" means
    return passed && !(selection === undefined && unloaded.length > 0) ? exitCodes.ok : exitCodes.failed;
  },
};
