import { type FormEvent, useEffect, useId, useLayoutEffect, useRef, useState } from "react";
import type { Filter, FilterOperator, PageColumn } from "../../runtime/src/model/page.ts";
import { draftMistake, emptyDraft, needsValue, operatorsFor, toDraft, toFilter } from "./filters.ts";
import { operatorWord, useSay } from "./words.ts";

export interface FilterBoxProps {
  readonly column: PageColumn;
  /** The filter to change; a new one when left out. */
  readonly filter: Filter | undefined;
  /** Beside which element it opens. */
  readonly near: DOMRect;
  readonly onApply: (filter: Filter) => void;
  readonly onRemove: (() => void) | undefined;
  /** Begins another filter of the same column. */
  readonly onAnother: (() => void) | undefined;
  readonly onClose: () => void;
}

/** A small dialog: comparison and value for one column. */
export function FilterBox({ column, filter, near, onApply, onRemove, onAnother, onClose }: FilterBoxProps) {
  const say = useSay();
  const [draft, setDraft] = useState(filter ? toDraft(filter) : emptyDraft(column.kind));
  const [tried, setTried] = useState(false);
  const box = useRef<HTMLFormElement>(null);
  const value = useRef<HTMLInputElement & HTMLSelectElement>(null);
  const operator = useRef<HTMLSelectElement>(null);
  const id = useId();
  const mistake = draftMistake(column.kind, draft);

  useLayoutEffect(() => {
    const shown = box.current;
    if (!shown) return;
    const { width, height } = shown.getBoundingClientRect();
    const below = near.bottom + 4 + height <= window.innerHeight;
    shown.style.left = `${Math.max(4, Math.min(near.left, window.innerWidth - width - 4))}px`;
    shown.style.top = `${below ? near.bottom + 4 : Math.max(4, near.top - height - 4)}px`;
  }, [near]);
  useEffect(() => (value.current ?? operator.current)?.focus(), []);
  useEffect(() => {
    const outside = (event: MouseEvent) => {
      if (event.target instanceof Node && !box.current?.contains(event.target)) onClose();
    };
    document.addEventListener("mousedown", outside);
    return () => document.removeEventListener("mousedown", outside);
  }, [onClose]);

  const submit = (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (mistake) value.current?.focus();
    else onApply(toFilter(column, draft));
  };
  return (
    <form
      ref={box}
      className="filter-box"
      role="dialog"
      aria-label={say("filter.title", column.name)}
      noValidate
      onSubmit={submit}
      onKeyDown={(event) => {
        if (event.key !== "Escape") return;
        event.stopPropagation();
        onClose();
      }}
    >
      <div className="filter-title">
        <b>{column.name}</b> <span className="type">{column.type}</span>
      </div>
      <label htmlFor={`${id}o`}>{say("filter.operator")}</label>
      <select
        ref={operator}
        id={`${id}o`}
        value={draft.operator}
        onChange={(event) => setDraft({ ...draft, operator: event.currentTarget.value as FilterOperator })}
      >
        {operatorsFor(column.kind).map((name) => (
          <option key={name} value={name}>
            {operatorWord(say, name)}
          </option>
        ))}
      </select>
      {needsValue(draft.operator) ? (
        <>
          <label htmlFor={`${id}v`}>{say("filter.value")}</label>
          {column.kind === "boolean" ? (
            <select ref={value} id={`${id}v`} value={draft.value} onChange={(event) => setDraft({ ...draft, value: event.currentTarget.value })}>
              <option value="true">{say("filter.true")}</option>
              <option value="false">{say("filter.false")}</option>
            </select>
          ) : (
            <input
              ref={value}
              id={`${id}v`}
              value={draft.value}
              spellCheck={false}
              autoComplete="off"
              aria-invalid={tried && mistake !== undefined}
              aria-describedby={`${id}m`}
              onChange={(event) => setDraft({ ...draft, value: event.currentTarget.value })}
            />
          )}
        </>
      ) : null}
      <div id={`${id}m`} className={tried && mistake ? "mistake" : "hint"}>
        {tried && mistake ? say(mistake) : column.kind === "time" && needsValue(draft.operator) ? say("filter.timeHint") : ""}
      </div>
      <div className="buttons">
        <button type="submit">{say("filter.apply")}</button>
        {onRemove ? (
          <button type="button" className="secondary" onClick={onRemove}>
            {say("filter.remove", "").trim()}
          </button>
        ) : (
          <button type="button" className="secondary" onClick={onClose}>
            {say("filter.cancel")}
          </button>
        )}
        {onAnother ? (
          <button type="button" className="quiet" onClick={onAnother}>
            {say("filter.add")}
          </button>
        ) : null}
      </div>
    </form>
  );
}
