import { type ErrorInfo, toErrorInfo } from "../../runtime/src/model/errors.ts";
import type { PageRequest, TextPage } from "../../runtime/src/model/page.ts";
import type { CellRequest, TableAction, TableMessage, TableRequest, TableSnapshot } from "../../runtime/src/model/table-messages.ts";
import type { TableTexts } from "../../runtime/src/model/table-texts.ts";

/** A stored table, as its panel needs it. */
export interface TableSource {
  readonly snapshot: () => TableSnapshot;
  /** Calls after each change of the snapshot; returns what ends it. */
  readonly onChange: (changed: () => void) => { dispose(): unknown };
  readonly page: (request: PageRequest, signal: AbortSignal) => Promise<TextPage>;
  readonly cell: (request: CellRequest, signal: AbortSignal) => Promise<string | null>;
  readonly act: (action: TableAction) => unknown;
}

export interface BridgeOptions {
  readonly source: TableSource;
  readonly texts: TableTexts;
  readonly locale: string;
  /** Sends to the page. */
  readonly post: (message: TableMessage) => unknown;
  readonly copy: (text: string) => unknown;
  readonly onShown?: (shown: { readonly rows: number; readonly columns: number }) => void;
  /** Milliseconds, for how long a query took. */
  readonly clock?: () => number;
}

export interface TableBridge {
  /** What the page sent. */
  readonly receive: (request: TableRequest) => void;
  /** Tells the page that it is about another source now. */
  readonly dispose: () => void;
}

const isErrorInfo = (error: unknown): error is ErrorInfo =>
  typeof error === "object" && error !== null && !(error instanceof Error) && "code" in error && "message" in error;

/** Answers one page's requests from its source. Nothing is sent before the page has said "ready", and then everything it needs. */
export function bridgeTable({ source, texts, locale, post, copy, onShown, clock = () => performance.now() }: BridgeOptions): TableBridge {
  const working = new Map<number, AbortController>();
  let ready = false;
  const changes = source.onChange(() => {
    if (ready) post({ type: "snapshot", snapshot: source.snapshot() });
  });

  function abortAll(): void {
    for (const controller of working.values()) controller.abort();
    working.clear();
  }

  async function answer(id: number, work: (signal: AbortSignal) => Promise<TableMessage>): Promise<void> {
    const controller = new AbortController();
    working.set(id, controller);
    let message: TableMessage;
    try {
      message = await work(controller.signal);
    } catch (error) {
      message = { type: "refused", id, error: isErrorInfo(error) ? error : toErrorInfo(error, "io/unavailable") };
    }
    // A page that was rebuilt meanwhile counts its requests anew: only this very request may be answered.
    if (working.get(id) !== controller) return;
    working.delete(id);
    post(message);
  }

  return {
    receive(request) {
      switch (request.type) {
        case "ready":
          // The page may have been rebuilt: what its former self asked for is of no use.
          abortAll();
          ready = true;
          post({ type: "show", snapshot: source.snapshot(), texts, locale });
          return;
        case "page":
          void answer(request.id, async (signal) => {
            const from = clock();
            const page = await source.page(request.request, signal);
            return { type: "page", id: request.id, page, ms: clock() - from };
          });
          return;
        case "cell":
          void answer(request.id, async (signal) => ({ type: "cell", id: request.id, text: await source.cell(request.cell, signal) }));
          return;
        case "cancel":
          working.get(request.id)?.abort();
          working.delete(request.id);
          return;
        case "copy":
          copy(request.text);
          return;
        case "action":
          source.act(request.action);
          return;
        case "shown":
          onShown?.({ rows: request.rows, columns: request.columns });
      }
    },
    dispose() {
      changes.dispose();
      abortAll();
    },
  };
}
