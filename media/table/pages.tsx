import type { ReactNode } from "react";
import type { PageColumn } from "../../runtime/src/model/page.ts";
import type { TableAction } from "../../runtime/src/model/table-messages.ts";
import { formatCount } from "./columns.ts";
import type { Phase } from "./phase.ts";
import type { TableState } from "./session.ts";
import { useSay } from "./words.ts";

export interface StatePageProps {
  readonly phase: Phase;
  readonly state: TableState;
  readonly onAct: (action: TableAction) => void;
  readonly onRetry: () => void;
  readonly onCopy: (text: string) => void;
  readonly onClear: () => void;
}

/** The middle of the page when there are no rows to show: what is the case, and what to do. */
export function StatePage(props: StatePageProps) {
  const say = useSay();
  const { phase, state, onAct } = props;
  const { snapshot } = state;
  const failed = snapshot?.status?.state === "failed";
  switch (phase) {
    case "untrusted":
      return (
        <Note title={say("page.untrusted")} more={say("page.untrustedMore")}>
          <button type="button" onClick={() => onAct("trust")}>
            {say("action.trust")}
          </button>
        </Note>
      );
    case "gone":
      return (
        <Note title={say("page.gone")} more={say("page.goneMore")}>
          <button type="button" onClick={() => onAct("restart")}>
            {say("action.restart")}
          </button>
          <button type="button" className="secondary" onClick={() => onAct("show-log")}>
            {say("action.showLog")}
          </button>
        </Note>
      );
    case "missing":
      return (
        <Note
          title={say(snapshot?.run ? "page.missingRunningTitle" : failed ? "page.missingFailed" : "page.missing", snapshot?.subject.target ?? "")}
          more={say(snapshot?.run ? "page.missingRunning" : failed ? "page.missingFailedMore" : "page.missingMore")}
          small={state.columns && say("page.missingColumns", state.columns.map(({ name, type }) => `${name} ${type}`).join(", "))}
        >
          {snapshot?.run ? null : (
            <button type="button" disabled={snapshot?.runner !== "ready"} onClick={() => onAct("materialize")}>
              {say("action.materialize")}
            </button>
          )}
        </Note>
      );
    case "error":
      return <ErrorPage {...props} />;
    case "no-match":
      return (
        <Note
          title={say("page.noMatch")}
          more={state.total === undefined ? undefined : say("page.noMatchMore", formatCount(state.total, state.locale))}
        >
          <button type="button" onClick={props.onClear}>
            {say("action.clearFilters")}
          </button>
        </Note>
      );
    case "empty":
      return <Note title={say("page.empty")} more={say("page.emptyMore")} />;
    case "connecting":
      return <Skeleton words={say("page.connecting")} columns={undefined} />;
    case "loading":
      return <Skeleton words={say(snapshot?.runner === "starting" ? "page.starting" : "page.loading")} columns={state.columns} />;
    case "rows":
      return null;
  }
}

interface NoteProps {
  readonly title: string;
  readonly more?: string | undefined;
  readonly small?: string | undefined;
  readonly children?: ReactNode;
}

function Note({ title, more, small, children }: NoteProps) {
  return (
    <section className="note">
      <h2>{title}</h2>
      {more === undefined ? null : <p>{more}</p>}
      {small === undefined ? null : <p className="columns-known">{small}</p>}
      <div className="buttons">{children}</div>
    </section>
  );
}

function ErrorPage({ state, onRetry, onCopy, onClear }: StatePageProps) {
  const say = useSay();
  const error = state.snapshot?.error ?? state.error;
  if (!error) return null;
  const asked = state.query.sort.length + state.query.filter.length > 0;
  const place = error.place ? `${error.place.file}:${error.place.line}` : undefined;
  const whole = [`${error.code}: ${error.message}`, error.hint, place, error.cause?.message].filter(Boolean).join("\n");
  return (
    <section className="note" role="alert">
      <h2>{say("page.error")}</h2>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a long message scrolls, so the keyboard must reach it */}
      <pre className="error" tabIndex={0}>
        {error.message}
        {error.cause ? `\n${error.cause.message}` : ""}
        {place ? `\n${place}` : ""}
      </pre>
      {error.hint === undefined ? null : <p>{error.hint}</p>}
      <p className="code">{error.code}</p>
      <div className="buttons">
        <button type="button" onClick={onRetry}>
          {say("action.retry")}
        </button>
        {asked ? (
          <button type="button" className="secondary" onClick={onClear}>
            {say("action.clearSortAndFilters")}
          </button>
        ) : null}
        <button type="button" className="secondary" onClick={() => onCopy(whole)}>
          {say("action.copyError")}
        </button>
      </div>
    </section>
  );
}

const widths = [64, 38, 52, 71, 45, 58];

function Skeleton({ words, columns }: { readonly words: string; readonly columns: readonly PageColumn[] | undefined }) {
  const shown: readonly (PageColumn | undefined)[] = columns?.slice(0, 12) ?? Array.from({ length: 6 }, () => undefined);
  return (
    <div className="skeleton" role="progressbar" aria-label={words}>
      <div className="skeleton-words">{words}</div>
      <div className="skeleton-table" aria-hidden="true">
        {shown.map((column, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: places that never change order
          <div key={at} className="skeleton-column">
            <div className="skeleton-head">
              <span className="name">{column?.name ?? <i className="bar" style={{ width: "60%" }} />}</span>
              <span className="type">{column?.type ?? <i className="bar" style={{ width: "40%" }} />}</span>
            </div>
            {Array.from({ length: 40 }, (_, row) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: places that never change order
              <div key={row} className="skeleton-cell">
                <i className="bar" style={{ width: `${widths[(row * 5 + at * 3) % widths.length]}%` }} />
              </div>
            ))}
          </div>
        ))}
      </div>
    </div>
  );
}
