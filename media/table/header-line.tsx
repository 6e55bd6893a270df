import { type FormEvent, useEffect, useRef } from "react";
import { formatCount } from "./columns.ts";
import { StateIcon, type StateName } from "./icons.tsx";
import type { TableState } from "./session.ts";
import { age, shortPlace, sizeWords, useSay } from "./words.ts";

export interface HeaderLineProps {
  readonly state: TableState;
  readonly now: number;
  /** Rows can be read. */
  readonly usable: boolean;
  readonly going: boolean;
  readonly onGoing: (going: boolean) => void;
  /** False when that is no row. */
  readonly onGo: (row: number) => boolean;
  readonly onRefresh: () => void;
  readonly onMaterialize: () => void;
  readonly onOpenSource: () => void;
  readonly onPartition: () => void;
}

/** Which table this is, where it lies, how large and how old it is, and what can be done with it. */
export function HeaderLine(props: HeaderLineProps) {
  const { state, now } = props;
  const say = useSay();
  const { snapshot, locale } = state;
  if (!snapshot) return null;
  const { status, run, subject, runner } = snapshot;
  const name: StateName = run ? "running" : (status?.state ?? "unknown");
  const rows = state.total ?? status?.rows;
  const runnable = runner === "ready" && !run;
  return (
    <header className="header-line">
      <div className="facts">
        <span className={`status ${name}`}>
          <StateIcon state={name} />
          <span>{say(`state.${name}`)}</span>
        </span>
        <h1 title={subject.key}>{subject.key}</h1>
        {snapshot.projectName === undefined ? null : <span className="fact">{snapshot.projectName}</span>}
        {snapshot.partitionLabel === undefined ? null : (
          <button
            type="button"
            className="chip switch"
            title={say("header.otherPartition")}
            aria-haspopup="listbox"
            disabled={runner === "untrusted"}
            onClick={props.onPartition}
          >
            {snapshot.partitionLabel === "" ? say("header.allPartitions") : say("header.partition", snapshot.partitionLabel)}
            <span aria-hidden="true" className="more" />
          </button>
        )}
        {subject.target === "" ? null : <span className="chip">{say("header.target", subject.target)}</span>}
        {rows === undefined || !state.columns ? null : <span className="fact figures">{sizeWords(say, rows, state.columns.length, locale)}</span>}
        {status?.storedAt === undefined ? null : (
          <span className="fact" title={new Date(status.storedAt).toISOString()}>
            {say("age.stored", age(status.storedAt, now, locale))}
          </span>
        )}
        {status?.place === undefined ? null : (
          <span className="fact place" title={status.place}>
            {shortPlace(status.place, subject.project)}
          </span>
        )}
      </div>
      <div className="actions">
        {props.usable ? <GoToRow {...props} /> : null}
        {props.usable ? (
          <button type="button" className="quiet" disabled={runner !== "ready"} onClick={props.onRefresh}>
            {say("header.refresh")}
          </button>
        ) : null}
        <button type="button" className="quiet" onClick={props.onOpenSource}>
          {say("header.openSource")}
        </button>
        {runner === "untrusted" ? null : (
          <button type="button" className="secondary" disabled={!runnable} onClick={props.onMaterialize}>
            {say("action.materialize")}
          </button>
        )}
      </div>
    </header>
  );
}

function GoToRow({ state, going, onGoing, onGo }: HeaderLineProps) {
  const say = useSay();
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (going) input.current?.focus();
  }, [going]);
  if (!going) {
    return (
      <button type="button" className="quiet" title="Ctrl+G" disabled={!state.rows} onClick={() => onGoing(true)}>
        {say("header.goToRow")}
      </button>
    );
  }
  const rows = formatCount(state.rows ?? 0, state.locale);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const field = input.current;
    if (!field) return;
    const row = Number(field.value.replace(/[\s.,'’_]/g, ""));
    field.setCustomValidity(Number.isInteger(row) && onGo(row - 1) ? "" : say("header.goToRowMistake", rows));
    field.reportValidity();
  };
  return (
    <form className="go-to-row" noValidate onSubmit={submit}>
      <input
        ref={input}
        inputMode="numeric"
        aria-label={say("header.goToRow")}
        placeholder={say("header.goToRowHint", rows)}
        onInput={(event) => event.currentTarget.setCustomValidity("")}
        onKeyDown={(event) => {
          if (event.key !== "Escape") return;
          event.stopPropagation();
          onGoing(false);
        }}
      />
      <button type="submit" className="secondary">
        {say("header.go")}
      </button>
    </form>
  );
}
