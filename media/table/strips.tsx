import type { ErrorInfo } from "../../runtime/src/model/errors.ts";
import type { TableAction } from "../../runtime/src/model/table-messages.ts";
import { formatCount } from "./columns.ts";
import { type StripKind, stripsOf } from "./phase.ts";
import type { TableState } from "./session.ts";
import { age, type Say, useSay } from "./words.ts";

export interface StripsProps {
  readonly state: TableState;
  readonly now: number;
  readonly onAct: (action: TableAction) => void;
  readonly onRefresh: () => void;
  readonly onRetry: () => void;
}

const tones: Readonly<Record<StripKind, "blue" | "yellow" | "red" | "grey">> = {
  run: "blue",
  newer: "blue",
  gone: "grey",
  failed: "red",
  stale: "yellow",
  "page-error": "red",
};

/** Message and hint of an error as one line. */
export function errorLine(error: ErrorInfo | undefined): string {
  if (!error) return "";
  if (error.hint === undefined) return error.message;
  return `${error.message}${/[.!?:]$/.test(error.message) ? "" : "."} ${error.hint}`;
}

function words(kind: StripKind, { snapshot, error, locale, loaded }: TableState, now: number, say: Say): string {
  const counts = snapshot?.status?.partitions;
  switch (kind) {
    case "gone":
      return say("strip.gone");
    case "newer":
      return say("strip.newer");
    case "page-error":
      return say("strip.pageError", errorLine(error));
    case "failed":
      if (counts) return say("strip.partialFailed", snapshot?.status?.reason ?? "", errorLine(snapshot?.status?.error));
      return say(loaded ? "strip.failed" : "strip.failedFirst", errorLine(snapshot?.status?.error));
    case "stale": {
      const reason = snapshot?.status?.reason;
      // Nothing that is shown is old: there is only more to make.
      if (counts && counts.missing > 0 && !counts.stale) return say("strip.partial", reason ?? "");
      return reason === undefined ? say("strip.staleNoReason") : say("strip.stale", reason);
    }
    case "run": {
      const { startedAt, progress } = snapshot?.run ?? { startedAt: now };
      const done = progress ? formatCount(progress.done, locale) : "";
      const total = progress?.total === undefined ? undefined : formatCount(progress.total, locale);
      const so = !progress ? "" : ` (${total === undefined ? say("strip.runProgress", done) : say("strip.runTotal", done, total)})`;
      return say(loaded ? "strip.run" : "strip.runFirst", age(startedAt, now, locale)) + so;
    }
  }
}

/** What is out of the ordinary with the rows on the screen, and what to do about it. */
export function Strips(props: StripsProps) {
  const say = useSay();
  const { state, now, onAct } = props;
  const action = (kind: StripKind) => {
    switch (kind) {
      case "stale":
        return state.snapshot?.runner === "ready" ? { label: say("action.materialize"), run: () => onAct("materialize") } : undefined;
      case "failed":
        return { label: say("action.showLog"), run: () => onAct("show-log") };
      case "gone":
        return { label: say("action.restart"), run: () => onAct("restart") };
      case "newer":
        return { label: say("action.refresh"), run: props.onRefresh };
      case "page-error":
        return { label: say("action.retry"), run: props.onRetry };
      case "run":
        return undefined;
    }
  };
  return stripsOf(state).map((kind) => {
    const offered = action(kind);
    return (
      <div key={kind} className={`strip ${tones[kind]}`} data-strip={kind}>
        <span>{words(kind, state, now, say)}</span>
        {offered ? (
          <button type="button" className="secondary" onClick={offered.run}>
            {offered.label}
          </button>
        ) : null}
      </div>
    );
  });
}
