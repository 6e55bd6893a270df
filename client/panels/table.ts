import { randomBytes } from "node:crypto";
import * as vscode from "vscode";
import { readSubject, type TableRequest, type TableSubject } from "../../runtime/src/model/table-messages.ts";
import { pageHtml } from "./html.ts";
import { bridgeTable, type TableSource } from "./table-bridge.ts";
import { tableTexts } from "./table-texts.ts";

export const tableViewType = "sluice.table";

export interface TablePanelsOptions {
  readonly extensionUri: vscode.Uri;
  /** The table of a subject; `undefined` when there is no such project any more. */
  readonly sourceOf: (subject: TableSubject) => TableSource | undefined;
  /** Of the tab. */
  readonly titleOf: (subject: TableSubject) => string;
}

export interface ShownTable {
  readonly subject: TableSubject;
  readonly rows: number;
  readonly columns: number;
}

export interface TablePanels extends vscode.Disposable {
  /** Shows the table, in the panel that has it already if there is one; false when its project is gone. */
  readonly open: (subject: TableSubject, options?: { readonly column?: vscode.ViewColumn; readonly preserveFocus?: boolean }) => boolean;
  /** Shows another table in the place of one that is open; that of another panel is revealed there. */
  readonly replace: (before: TableSubject, subject: TableSubject) => boolean;
  /** Fires when the first rows are on the screen, again after each sort, filter and refresh. */
  readonly onDidShow: vscode.Event<ShownTable>;
  /** The table of the active editor tab. */
  readonly active: () => TableSubject | undefined;
}

const panelKey = ({ project, key, target, partition }: TableSubject) => JSON.stringify([project, key, target, partition]);

/** Panels of stored tables: one per project, asset and target, kept over restarts of the editor. */
export function createTablePanels({ extensionUri, sourceOf, titleOf }: TablePanelsOptions): TablePanels {
  const panels = new Map<string, { readonly panel: vscode.WebviewPanel; readonly subject: TableSubject; readonly close: () => void }>();
  const shown = new vscode.EventEmitter<ShownTable>();
  const mediaUri = vscode.Uri.joinPath(extensionUri, "dist", "media");
  const webviewOptions: vscode.WebviewOptions = { enableScripts: true, localResourceRoots: [mediaUri] };

  const icon = (theme: "light" | "dark") => vscode.Uri.joinPath(extensionUri, "media", "icons", `table-${theme}.svg`);

  /** Fills a panel, new or kept. */
  function fill(panel: vscode.WebviewPanel, subject: TableSubject, source: TableSource): void {
    const { webview } = panel;
    panel.iconPath = { light: icon("light"), dark: icon("dark") };
    const bridge = bridgeTable({
      source,
      texts: tableTexts(vscode.l10n),
      locale: vscode.env.language,
      post: (message) => webview.postMessage(message),
      copy: (text) => vscode.env.clipboard.writeText(text),
      onShown: (size) => shown.fire({ subject, ...size }),
    });
    const key = panelKey(subject);
    const listening = [panel.onDidDispose(() => close()), webview.onDidReceiveMessage((request: TableRequest) => bridge.receive(request))];
    const close = () => {
      bridge.dispose();
      for (const each of listening) each.dispose();
      if (panels.get(key)?.panel === panel) panels.delete(key);
    };
    panels.set(key, { panel, subject, close });
    webview.options = webviewOptions;
    webview.html = pageHtml({
      title: titleOf(subject),
      language: vscode.env.language,
      source: webview.cspSource,
      nonce: randomBytes(18).toString("base64"),
      script: webview.asWebviewUri(vscode.Uri.joinPath(mediaUri, "table.js")).toString(),
      style: webview.asWebviewUri(vscode.Uri.joinPath(mediaUri, "table.css")).toString(),
    });
  }

  const serializer = vscode.window.registerWebviewPanelSerializer(tableViewType, {
    async deserializeWebviewPanel(panel, kept: unknown) {
      const subject = readSubject(kept);
      const source = subject ? sourceOf(subject) : undefined;
      if (subject && source && !panels.has(panelKey(subject))) fill(panel, subject, source);
      else panel.dispose();
    },
  });

  return {
    open(subject, { column = vscode.ViewColumn.Active, preserveFocus = false } = {}) {
      const source = sourceOf(subject);
      const existing = panels.get(panelKey(subject));
      if (existing) {
        existing.panel.reveal(undefined, preserveFocus);
        return true;
      }
      if (!source) return false;
      const panel = vscode.window.createWebviewPanel(tableViewType, titleOf(subject), { viewColumn: column, preserveFocus }, webviewOptions);
      fill(panel, subject, source);
      return true;
    },
    replace(before, subject) {
      const own = panels.get(panelKey(before));
      const other = panels.get(panelKey(subject));
      const source = sourceOf(subject);
      if (!own || other || !source) {
        other?.panel.reveal();
        return other !== undefined;
      }
      own.close();
      own.panel.title = titleOf(subject);
      fill(own.panel, subject, source);
      return true;
    },
    onDidShow: shown.event,
    active: () => [...panels.values()].find(({ panel }) => panel.active)?.subject,
    dispose() {
      serializer.dispose();
      shown.dispose();
      for (const { panel } of [...panels.values()]) panel.dispose();
    },
  };
}
