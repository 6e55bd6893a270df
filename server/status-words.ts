import { formatAge, formatRows } from "../runtime/src/model/duration.ts";
import type { AssetStatus } from "../runtime/src/model/graph.ts";

/** A state in words: "fresh · 1.24 M rows · 2 min ago"; `undefined` when nothing is known. `now` in milliseconds since the epoch. */
export function statusWords(status: AssetStatus | undefined, isRunning: boolean, now: number): string | undefined {
  if (isRunning) return "running";
  if (!status) return undefined;
  const { state, reason, rows, storedAt, failedAt, error } = status;
  const parts = (...words: readonly (string | undefined)[]) => words.filter((word) => word !== undefined).join(" · ");
  if (status.partitions && state !== "unknown") {
    const { total, stored, failed: broken, stale = 0 } = status.partitions;
    if (total === 0) return "no partitions yet";
    const count = (value: number, word: string) => (value > 0 ? `${value.toLocaleString("en-US")} ${word}` : undefined);
    return parts(
      `${stored.toLocaleString("en-US")}/${total.toLocaleString("en-US")} partitions`,
      count(broken, "failed"),
      count(stale, "stale"),
      rows === undefined || stored === 0 ? undefined : formatRows(rows),
      storedAt === undefined ? undefined : formatAge(storedAt, now),
    );
  }
  switch (state) {
    case "missing":
      return "never materialized";
    case "fresh":
      return parts("fresh", rows === undefined ? undefined : formatRows(rows), storedAt === undefined ? undefined : formatAge(storedAt, now));
    case "stale":
      return reason ? `stale: ${reason}` : "stale";
    case "failed":
      return parts(`failed: ${error?.thrown ?? error?.code ?? "unknown error"}`, failedAt === undefined ? undefined : formatAge(failedAt, now));
    case "unknown":
      return undefined;
  }
}
