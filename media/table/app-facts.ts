import { useEffect, useRef, useState } from "react";
import type { Sort } from "../../runtime/src/model/page.ts";
import { formatCount } from "./columns.ts";
import type { Say } from "./words.ts";

/** What a reader who listens is told about the rows. */
export function summary(rows: number, sort: readonly Sort[], filters: number, locale: string, say: Say): string {
  const by = sort.map((entry) => `${entry.column}${entry.descending ? " ↓" : ""}`).join(", ");
  return [
    rows === 1 ? say("say.row1") : say("say.loaded", formatCount(rows, locale)),
    by === "" ? say("say.unsorted") : say("say.sorted", by),
    filters === 0 ? "" : say("say.filtered", filters),
  ]
    .filter((part) => part !== "")
    .join(", ");
}

/** Rows to draw while their number is not known: those of before, so that the scrollbar does not jump. */
export function useLastRows(rows: number | undefined): number {
  const last = useRef(50);
  if (rows !== undefined) last.current = rows;
  return last.current;
}

/** The time, told anew every ten seconds, for ages. */
export function useNow(): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 10_000);
    return () => clearInterval(timer);
  }, []);
  return now;
}
