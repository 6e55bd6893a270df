import { formatAge, formatDuration } from "../model/duration.ts";
import type { Command } from "./command.ts";
import { exitCodes, UsageError } from "./errors.ts";
import { runView } from "./run-view.ts";
import { drawList } from "./table.ts";
import { plainLine, type Style } from "./terminal.ts";

const styles: Readonly<Record<string, Style>> = { succeeded: "green", failed: "red", cancelled: "yellow", running: "bold", queued: "dim" };

export const runs: Command = {
  name: "runs",
  summary: "Shows the latest runs on this machine, or what happened in one.",
  usage: "[<run>] [flags]",
  arguments: 1,
  flags: { limit: { type: "string", value: "<n>", text: "runs; 20 when left out" } },
  examples: ["sluice runs", "sluice runs 3f2a", "sluice runs 3f2a --json"],
  async run({ session, values, terminal, folder }) {
    const limit = values.count("limit", 1) ?? 20;
    const wanted = values.rest[0];
    if (session.historyProblem !== undefined) terminal.error(`There is no history: ${session.historyProblem}\n`);
    if (wanted === undefined) {
      const found = await session.runs(limit);
      if (values.on("json")) terminal.out(`${JSON.stringify(found, undefined, 2)}\n`);
      else {
        const now = Date.now();
        const rows = found.map(({ runId, state, target, startedAt, ms, selection, assets, failed }) => [
          runId.slice(0, 8),
          terminal.paint(styles[state] ?? "dim", state),
          plainLine(target),
          formatAge(startedAt, now),
          ms === undefined ? "" : formatDuration(ms),
          `${assets.length} ${assets.length === 1 ? "asset" : "assets"}${failed.length > 0 ? `, ${failed.length} failed` : ""}`,
          plainLine(selection),
        ]);
        terminal.out(rows.length === 0 ? "No runs yet.\n" : drawList(rows));
      }
      return exitCodes.ok;
    }
    const matches = (await session.runs(10_000)).filter(({ runId }) => runId.startsWith(wanted));
    const [run] = matches;
    if (!run) throw new UsageError(`There is no run "${wanted}" in this machine's history. \`sluice runs\` shows the latest.`);
    if (matches.length > 1) throw new UsageError(`"${wanted}" is the beginning of ${matches.length} runs: write more of it.`);
    const events = await session.runEvents(run.runId);
    if (values.on("json")) for (const event of events) terminal.out(`${JSON.stringify(event)}\n`);
    else {
      const view = runView({ ...terminal, interactive: false }, folder, true);
      for (const event of events) view.take(event);
    }
    return exitCodes.ok;
  },
};
