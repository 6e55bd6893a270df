import { useEffect, useMemo, useRef, useState } from "react";
import type { ErrorInfo } from "../../runtime/src/model/errors.ts";
import type { PageColumn } from "../../runtime/src/model/page.ts";
import { formatCount } from "./columns.ts";
import { CrossIcon } from "./icons.tsx";
import { parseJson } from "./json.ts";
import { JsonTree } from "./json-tree.tsx";
import type { CellSpot } from "./selection.ts";
import { type TableSession, Withdrawn } from "./session.ts";
import { errorLine } from "./strips.tsx";
import { useSay } from "./words.ts";

export interface CellDetailProps {
  readonly session: TableSession;
  readonly spot: CellSpot;
  readonly column: PageColumn;
  readonly locale: string;
  /** Grows when rows are read anew. */
  readonly generation: number;
  readonly onCopy: (text: string) => void;
  readonly onClose: () => void;
}

type Reading =
  | { readonly state: "reading" }
  | { readonly state: "read"; readonly text: string | null }
  | { readonly state: "failed"; readonly error: string };

/** One cell, whole: as wrapped text, or as a tree where it is nested. */
export function CellDetail({ session, spot, column, locale, generation, onCopy, onClose }: CellDetailProps) {
  const say = useSay();
  const [reading, setReading] = useState<Reading>({ state: "reading" });
  const [asText, setAsText] = useState(column.kind !== "nested");
  const body = useRef<HTMLElement>(null);
  const { row, column: index } = spot;

  useEffect(() => body.current?.focus(), []);
  useEffect(() => setAsText(column.kind !== "nested"), [column.kind]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the generation says that the same place holds another value now
  useEffect(() => {
    let wanted = true;
    const here = session.pager.cell(row, index);
    if (here !== undefined && !session.pager.isCut(row, index)) {
      setReading({ state: "read", text: here });
      return;
    }
    setReading({ state: "reading" });
    session.whole(row, column.name).then(
      (text) => wanted && setReading({ state: "read", text }),
      (error: ErrorInfo | Withdrawn) => wanted && !(error instanceof Withdrawn) && setReading({ state: "failed", error: errorLine(error) }),
    );
    return () => {
      wanted = false;
    };
  }, [session, row, index, column.name, generation]);

  const text = reading.state === "read" ? reading.text : undefined;
  const tree = useMemo(
    () => (typeof text === "string" && (column.kind === "nested" || column.kind === "text") ? parseJson(text) : undefined),
    [text, column.kind],
  );
  return (
    <aside className="detail" aria-label={say("detail.label", column.name, formatCount(row + 1, locale))}>
      <div className="detail-head">
        <h2 title={column.name}>{column.name}</h2>
        <span className="fact">{say("detail.row", formatCount(row + 1, locale))}</span>
        <button type="button" className="icon" aria-label={say("detail.close")} title={`${say("detail.close")} (Esc)`} onClick={onClose}>
          <CrossIcon />
        </button>
      </div>
      <div className="detail-tools">
        <span className="type">{column.type}</span>
        {typeof text === "string" ? <span className="fact">{say("detail.characters", formatCount([...text].length, locale))}</span> : null}
        {tree ? (
          <button type="button" className="quiet" onClick={() => setAsText(!asText)}>
            {say(asText ? "detail.tree" : "detail.text")}
          </button>
        ) : null}
        {typeof text === "string" ? (
          <button type="button" className="secondary" onClick={() => onCopy(text)}>
            {say("action.copy")}
          </button>
        ) : null}
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a long value scrolls, so the keyboard must reach it */}
      <section ref={body} className="detail-body" tabIndex={0} aria-label={column.name}>
        {reading.state === "reading" ? <p className="fact">{say("detail.loading")}</p> : null}
        {reading.state === "failed" ? <p className="mistake">{reading.error}</p> : null}
        {text === null ? <p className="null">{say("detail.null")}</p> : null}
        {text === "" ? <p className="empty">{say("detail.empty")}</p> : null}
        {text ? tree && !asText ? <JsonTree node={tree} name="" open locale={locale} /> : <pre>{text}</pre> : null}
      </section>
    </aside>
  );
}
