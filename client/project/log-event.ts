import { formatDuration, formatRows } from "../../runtime/src/model/duration.ts";
import type { LogLevel, RunEvent } from "../../runtime/src/model/events.ts";
import type { RunView } from "../graph/run-state.ts";

/** What the log says about an event; undefined for those that no reader would want. `run` is the run after the event. */
export function logLine(event: RunEvent, run: RunView): readonly [LogLevel, string] | undefined {
  switch (event.type) {
    case "run-queued":
      return ["info", `Run ${event.runId} of ${event.selection} on ${event.target}: ${event.plan.length} steps.`];
    case "run-finished":
      return ["info", `Run ${event.runId} finished in ${formatDuration(event.ms)}.`];
    case "run-cancelled":
      return ["info", `Run ${event.runId} was cancelled after ${formatDuration(event.ms)}.`];
    case "run-failed":
      return ["error", `Run ${event.runId} failed after ${formatDuration(event.ms)}.${event.error ? ` ${event.error.message}` : ""}`];
    case "step-started":
      return ["debug", `${event.step}: attempt ${event.attempt}.`];
    case "step-skipped":
      if (event.reason === "not-needed") return ["debug", `${event.step}: fresh, not run.`];
      return ["info", `${event.step}: skipped (${event.reason}${event.because === undefined ? "" : `: ${event.because}`}).`];
    case "step-retrying":
      return ["warn", `${event.step}: attempt ${event.attempt} failed, tries again in ${event.delay} ms. ${event.error.message}`];
    case "step-failed": {
      const { code, message, hint, stack } = event.error;
      return ["error", [`${event.step}: ${code}: ${message}`, hint, stack].filter((part) => part !== undefined).join("\n")];
    }
    case "step-finished": {
      const rows = run.steps.get(event.step)?.rows;
      return ["info", `${event.step}: done in ${formatDuration(event.ms)}${rows === undefined ? "" : `, ${formatRows(rows)}`}.`];
    }
    case "check-evaluated": {
      const { check, asset, partition, passed, severity, description, ms } = event;
      const level = passed ? "debug" : severity === "warn" ? "warn" : "error";
      const of = partition === undefined ? asset : `${asset} [${partition}]`;
      const said = description === undefined ? "." : `: ${description}`;
      return [level, `${of}: the check "${check}" ${passed ? "passed" : "failed"} in ${formatDuration(ms)}${said}`];
    }
    case "log":
      return [event.level, `${event.step}: ${event.message}`];
    default:
      return undefined;
  }
}
