import type { ErrorInfo } from "../../../runtime/src/model/errors.ts";
import type { TableMessage, TableRequest, TableSnapshot } from "../../../runtime/src/model/table-messages.ts";
import type { TableTexts } from "../../../runtime/src/model/table-texts.ts";
import { fakeCell, fakeColumns, fakePage } from "./fake-table.ts";

/** What a test decides before the page loads. */
export interface Scenario {
  readonly rows: number;
  readonly columns: number;
  readonly snapshot: TableSnapshot;
  readonly texts: TableTexts;
  /** Milliseconds before a page is answered; pages are not answered at all when negative. */
  readonly delay: number;
  readonly pageError?: ErrorInfo;
  readonly kept?: unknown;
  readonly theme: { readonly body: string; readonly scheme: string; readonly variables: Readonly<Record<string, string>> };
}
/** What a test sees and does while the page runs. */
export interface FakeHost {
  readonly sent: TableRequest[];
  readonly violations: string[];
  kept: unknown;
  rows: number;
  pageError: ErrorInfo | undefined;
  delay: number;
  readonly push: (snapshot: TableSnapshot) => void;
}
declare global {
  interface Window {
    scenario: Scenario;
    host: FakeHost;
    acquireVsCodeApi: () => unknown;
  }
}

const { scenario } = window;
const columns = fakeColumns(scenario.columns);
const post = (message: TableMessage) => window.postMessage(message, "*");
const cancelled = new Set<number>();

const host: FakeHost = {
  sent: [],
  violations: [],
  kept: scenario.kept,
  rows: scenario.rows,
  pageError: scenario.pageError,
  delay: scenario.delay,
  push: (snapshot) => post({ type: "snapshot", snapshot }),
};
window.host = host;

function answer(request: TableRequest): void {
  if (request.type === "ready") post({ type: "show", snapshot: scenario.snapshot, texts: scenario.texts, locale: "en" });
  if (request.type === "cancel") cancelled.add(request.id);
  if (request.type !== "page" && request.type !== "cell") return;
  if (host.delay < 0) return;
  setTimeout(() => {
    const { id } = request;
    if (cancelled.has(id)) return;
    if (host.pageError) post({ type: "refused", id, error: host.pageError });
    else if (request.type === "cell") post({ type: "cell", id, text: fakeCell(request.cell.row, request.cell.column) });
    else post({ type: "page", id, page: fakePage(host.rows, columns, request.request), ms: 18 });
  }, host.delay);
}

window.acquireVsCodeApi = () => ({
  postMessage(request: TableRequest) {
    host.sent.push(request);
    answer(request);
  },
  getState: () => host.kept,
  setState: (state: unknown) => {
    host.kept = state;
  },
});
document.addEventListener("securitypolicyviolation", (event) =>
  host.violations.push(`${event.violatedDirective}: ${event.blockedURI} ${event.sample}`),
);

// The editor dresses the page like this: variables on the root element, classes on the body.
const dress = () => {
  const { theme } = scenario;
  for (const [name, value] of Object.entries(theme.variables)) document.documentElement.style.setProperty(`--vscode-${name}`, value);
  document.documentElement.style.setProperty("color-scheme", theme.scheme);
  document.body.className = theme.body;
};
document.addEventListener("DOMContentLoaded", dress);
