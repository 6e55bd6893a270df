import type { TableState } from "./session.ts";

/** What the middle of the page shows. "rows" stands for the grid; the others have words and an action. */
export type Phase = "connecting" | "untrusted" | "gone" | "missing" | "error" | "loading" | "rows" | "empty" | "no-match";

/** Which page this is: rows that are here stay readable whatever happens around them. */
export function phaseOf(state: TableState): Phase {
  const { snapshot, error } = state;
  if (!snapshot) return "connecting";
  if (snapshot.runner === "untrusted") return "untrusted";
  if (state.loaded) {
    if (state.rows === 0) return state.query.filter.length > 0 ? "no-match" : "empty";
    // A sort or filter that fails before its first row leaves nothing to show but the reason.
    return state.rows === undefined && error ? "error" : "rows";
  }
  if (snapshot.runner === "gone") return "gone";
  if (snapshot.error) return "error";
  if (snapshot.status?.state === "missing" || error?.code === "io/not-found") return "missing";
  return error ? "error" : "loading";
}

export type StripKind = "run" | "newer" | "gone" | "failed" | "stale" | "page-error";

/** Strips over the rows, the most urgent first; at most two, so that the rows keep their room. */
export function stripsOf(state: TableState): readonly StripKind[] {
  const { snapshot } = state;
  const phase = phaseOf(state);
  if (!snapshot || phase === "untrusted" || phase === "connecting" || phase === "gone") return [];
  const strips: StripKind[] = [];
  const shows = phase === "rows" || phase === "empty" || phase === "no-match";
  if (shows && snapshot.runner === "gone") strips.push("gone");
  else if (shows && state.error) strips.push("page-error");
  if (state.newer) strips.push("newer");
  if (snapshot.run) strips.push("run");
  else if (snapshot.status?.state === "failed") strips.push("failed");
  else if (shows && snapshot.status?.state === "stale") strips.push("stale");
  return strips.slice(0, 2);
}
