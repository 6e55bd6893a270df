import { formatDuration, formatRows } from "../model/duration.ts";
import type { PlannedStep, RunEvent } from "../model/events.ts";
import type { StoredMetadata } from "../model/values.ts";
import { checkLine } from "./check-line.ts";
import { errorText } from "./errors.ts";
import { liveLines } from "./live.ts";
import { metadataText } from "./metadata-view.ts";
import { padEnd, plainLine, type Terminal, widthOf } from "./terminal.ts";

/** Steps of a plan drawn before a run; the rest is counted. */
const longestPlan = 24;
/** Milliseconds between two drawings of the moving lines, however fast events come. */
const shortestFrame = 50;
const spinner = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];

/** The assets of a step, with the partitions it makes. */
export const stepLabel = ({ assets, partitions }: Pick<PlannedStep, "assets" | "partitions">): string =>
  `${assets.join(", ")}${partitionLabel(partitions)}`;
const partitionLabel = (partitions: readonly string[] | undefined): string =>
  !partitions ? "" : ` [${partitions.length === 1 ? partitions[0]! : `${partitions.length} partitions`}]`;

interface Running {
  readonly step: string;
  readonly startedAt: number;
  attempt: number;
  progress?: { readonly done: number; readonly total?: number | undefined };
}
export interface RunView {
  readonly take: (event: RunEvent) => void;
  /** A line that user code printed. */
  readonly log: (line: string) => void;
  /** Draws the moving lines again, for the clock in them. */
  readonly tick: (now: number) => void;
}

/** A run in the terminal, as a fold over its events: the plan, a line for each asset as it ends, what runs now, and a summary. `details`: what each recorded too. */
export function runView(terminal: Terminal, folder: string, details = false): RunView {
  const live = liveLines(terminal);
  const { paint } = terminal;
  const steps = new Map<string, PlannedStep>();
  const running = new Map<string, Running>();
  const stored = new Map<string, { readonly rows?: number | undefined; readonly metadata: StoredMetadata | undefined }>();
  const counts = { materialized: 0, failed: 0, skipped: 0, fresh: 0, checks: 0, checksFailed: 0 };
  let widest = 0;
  let ticks = 0;
  let drawnAt = 0;

  const line = (mark: string, asset: string, ...rest: readonly (string | undefined)[]) => {
    const details = rest.filter((each) => each !== undefined && each !== "").join("  ");
    live.print(`${mark} ${padEnd(plainLine(asset), widest)}  ${details}`.trimEnd() + "\n");
  };
  function drawPlan(plan: readonly PlannedStep[], target: string): void {
    const assets = new Set(plan.flatMap((step) => step.assets)).size;
    const partitions = plan.reduce((sum, step) => sum + (step.partitions?.length ?? 0) * step.assets.length, 0);
    widest = plan.reduce(
      (most, step) => Math.max(most, ...step.assets.map((key) => widthOf(plainLine(`${key}${partitionLabel(step.partitions)}`)))),
      0,
    );
    widest = Math.min(48, widest);
    const divided = partitions === 0 ? "" : `, ${partitions} ${partitions === 1 ? "partition" : "partitions"}`;
    live.print(`${paint("bold", plainLine(target))} · ${assets} ${assets === 1 ? "asset" : "assets"}${divided}\n`);
    if (!terminal.interactive) return;
    for (const step of plan.slice(0, longestPlan)) {
      const after = step.after.length === 0 ? "" : paint("dim", `← ${plainLine(step.after.join(", "))}`);
      live.print(`  ${padEnd(plainLine(stepLabel(step)), widest)}  ${after}`.trimEnd() + "\n");
    }
    if (plan.length > longestPlan) live.print(paint("dim", `  and ${plan.length - longestPlan} more\n`));
    live.print("\n");
  }
  const storedId = (asset: string, partition: string | undefined) => (partition === undefined ? asset : `${asset} ${partition}`);
  const labelOf = (step: string): string => {
    const known = steps.get(step);
    return known ? stepLabel(known) : step;
  };
  function finished(step: string, ms: number): void {
    const { assets = [], partitions } = steps.get(step) ?? {};
    for (const asset of assets) {
      const made = stored.get(storedId(asset, partitions?.[0]));
      const key = `${asset}${partitionLabel(partitions)}`;
      if (!made) {
        line(paint("dim", "-"), key, paint("dim", "left as it was"));
        continue;
      }
      counts.materialized += partitions?.length ?? 1;
      const rows = made.rows === undefined ? "" : formatRows(made.rows);
      line(
        paint("green", "✓"),
        key,
        padEnd(rows, 12),
        padEnd(formatDuration(ms), 8),
        made.metadata === undefined ? "" : paint("dim", plainLine(made.metadata.place)),
      );
      if (details && made.metadata) live.print(metadataText(made.metadata, terminal));
    }
  }
  function summary(state: string, ms: number): void {
    live.show([]);
    const parts = [
      counts.failed > 0 ? paint("red", `${counts.failed} failed`) : "",
      counts.materialized > 0 ? `${counts.materialized} materialized` : "",
      counts.fresh > 0 ? `${counts.fresh} fresh already` : "",
      counts.skipped > 0 ? `${counts.skipped} skipped` : "",
      counts.checksFailed > 0 ? paint("yellow", `${counts.checksFailed} of ${counts.checks} checks failed`) : "",
      counts.checksFailed === 0 && counts.checks > 0 ? `${counts.checks} ${counts.checks === 1 ? "check" : "checks"} passed` : "",
    ].filter((each) => each !== "");
    live.print(`${state}${parts.length === 0 ? "" : `: ${parts.join(", ")}`} in ${formatDuration(ms)}\n`);
  }

  function tick(now: number): void {
    if (!terminal.interactive || now - drawnAt < shortestFrame) return;
    drawnAt = now;
    ticks++;
    live.show(
      Array.from(running.values(), ({ step, startedAt, attempt, progress }) => {
        const done = progress && (progress.total ? `${Math.floor((100 * progress.done) / progress.total)} %` : `${progress.done}`);
        const details = [formatDuration(now - startedAt), done, attempt > 1 ? `attempt ${attempt}` : undefined].filter((each) => each !== undefined);
        return `${spinner[ticks % spinner.length]} ${padEnd(plainLine(step), widest)}  ${details.join("  ")}`;
      }),
    );
  }

  const take = (event: RunEvent): void => {
    switch (event.type) {
      case "run-queued":
        for (const step of event.plan) steps.set(step.step, step);
        drawPlan(event.plan, event.target);
        break;
      case "step-started":
        running.set(event.step, { step: event.step, startedAt: event.at, attempt: event.attempt });
        break;
      case "progress": {
        const now = running.get(event.step);
        if (now) now.progress = { done: event.done, total: event.total };
        break;
      }
      case "materialized":
        stored.set(storedId(event.asset, event.partition), { rows: event.metadata?.rows ?? event.record.rows, metadata: event.metadata });
        break;
      case "log":
        live.print(`  ${paint("dim", `${plainLine(event.step)} |`)} ${paintLevel(event.level, plainLine(event.message))}\n`);
        break;
      case "check-evaluated":
        counts.checks++;
        if (event.passed) break;
        counts.checksFailed++;
        live.print(checkLine(event, terminal));
        break;
      case "step-retrying":
        line(paint("yellow", "↻"), event.step, `attempt ${event.attempt} failed, again in ${formatDuration(event.delay)}`);
        live.print(errorText(event.error, terminal, folder));
        break;
      case "step-finished":
        running.delete(event.step);
        if (running.size === 0) live.show([]);
        finished(event.step, event.ms);
        break;
      case "step-failed":
        running.delete(event.step);
        if (running.size === 0) live.show([]);
        counts.failed++;
        line(paint("red", "✗"), labelOf(event.step), padEnd(paint("red", "failed"), 12), formatDuration(event.ms));
        live.print(errorText(event.error, terminal, folder));
        break;
      case "step-skipped": {
        if (event.reason === "not-needed") counts.fresh++;
        else counts.skipped++;
        const why = { "upstream-failed": "failed", "upstream-skipped": "was skipped", "not-needed": "", cancelled: "" }[event.reason];
        const text =
          event.reason === "not-needed"
            ? "fresh"
            : event.reason === "cancelled"
              ? "cancelled"
              : `skipped: ${event.because ?? "an upstream asset"} ${why}`;
        const { assets = [event.step], partitions } = steps.get(event.step) ?? {};
        for (const key of assets) line(paint("dim", "-"), `${key}${partitionLabel(partitions)}`, paint("dim", plainLine(text)));
        break;
      }
      case "run-finished":
        summary(paint("green", "Done"), event.ms);
        break;
      case "run-failed":
        summary(paint("red", "Failed"), event.ms);
        if (event.error) live.print(errorText(event.error, terminal, folder));
        break;
      case "run-cancelled":
        summary(paint("yellow", "Cancelled"), event.ms);
        if (event.error) live.print(errorText(event.error, terminal, folder));
        break;
    }
    if ("at" in event && running.size > 0) tick(event.at);
  };
  const paintLevel = (level: string, text: string): string =>
    level === "error" ? paint("red", text) : level === "warn" ? paint("yellow", text) : text;
  return { take, tick, log: (text) => live.print(`  ${paint("dim", "|")} ${plainLine(text)}\n`) };
}
