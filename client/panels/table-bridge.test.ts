import { describe, expect, test } from "vitest";
import { SluiceError } from "../../runtime/src/model/errors.ts";
import type { TextPage } from "../../runtime/src/model/page.ts";
import type { TableMessage, TableSnapshot } from "../../runtime/src/model/table-messages.ts";
import { bridgeTable } from "./table-bridge.ts";
import { tableTexts } from "./table-texts.ts";

const snapshot: TableSnapshot = { subject: { project: "file:///shop", key: "orders", target: "dev" }, runner: "ready" };
const page: TextPage = { columns: [], offset: 0, cells: [], cut: [], rows: 0 };
const request = { offset: 0, limit: 10 };

function stage() {
  const posted: TableMessage[] = [];
  const acted: string[] = [];
  const pending: { readonly resolve: (page: TextPage) => void; readonly reject: (error: unknown) => void; readonly signal: AbortSignal }[] = [];
  let changed: () => void = () => {};
  const bridge = bridgeTable({
    source: {
      snapshot: () => snapshot,
      onChange(listener) {
        changed = listener;
        return { dispose: () => acted.push("unsubscribed") };
      },
      page: (_, signal) => new Promise((resolve, reject) => pending.push({ resolve, reject, signal })),
      cell: async ({ column, row }) => `${column} ${row}`,
      act: (action) => acted.push(action),
    },
    texts: tableTexts({ t: (text) => text }),
    locale: "en",
    post: (message) => posted.push(message),
    copy: (text) => acted.push(`copied ${text}`),
    clock: () => 5,
  });
  return { bridge, posted, acted, pending, change: () => changed(), settle: () => new Promise((done) => setImmediate(done)) };
}

describe("the host of a table page", () => {
  test("says nothing before the page is ready, then everything at once", () => {
    const { bridge, posted, change } = stage();
    change();
    expect(posted).toEqual([]);
    bridge.receive({ type: "ready" });
    expect(posted).toMatchObject([{ type: "show", snapshot, locale: "en" }]);
    change();
    expect(posted.at(-1)).toEqual({ type: "snapshot", snapshot });
  });

  test("answers pages and cells by number", async () => {
    const { bridge, posted, pending, settle } = stage();
    bridge.receive({ type: "page", id: 3, request });
    bridge.receive({ type: "cell", id: 4, cell: { column: "a", row: 7, sort: [], filter: [] } });
    pending[0]?.resolve(page);
    await settle();
    expect(posted).toEqual(
      expect.arrayContaining([
        { type: "page", id: 3, page, ms: 0 },
        { type: "cell", id: 4, text: "a 7" },
      ]),
    );
  });

  test("passes on what went wrong as plain data", async () => {
    const { bridge, posted, pending, settle } = stage();
    bridge.receive({ type: "page", id: 1, request });
    pending[0]?.reject(new SluiceError("io/locked", "held by another", { hint: "Close it." }));
    await settle();
    expect(posted).toMatchObject([{ type: "refused", id: 1, error: { code: "io/locked", message: "held by another", hint: "Close it." } }]);
    expect(Object.getPrototypeOf((posted[0] as { error: object }).error)).toBe(Object.prototype);
  });

  test("a cancelled request is aborted and not answered", async () => {
    const { bridge, posted, pending, settle } = stage();
    bridge.receive({ type: "page", id: 1, request });
    bridge.receive({ type: "cancel", id: 1 });
    expect(pending[0]?.signal.aborted).toBe(true);
    pending[0]?.resolve(page);
    await settle();
    expect(posted).toEqual([]);
  });

  test("a rebuilt page that counts anew never gets its former self's answer", async () => {
    const { bridge, posted, pending, settle } = stage();
    bridge.receive({ type: "page", id: 1, request });
    bridge.receive({ type: "ready" });
    bridge.receive({ type: "page", id: 1, request });
    pending[0]?.resolve({ ...page, rows: 111 });
    await settle();
    expect(posted.map((message) => message.type)).toEqual(["show"]);
    pending[1]?.resolve({ ...page, rows: 222 });
    await settle();
    expect(posted.at(-1)).toMatchObject({ type: "page", id: 1, page: { rows: 222 } });
  });

  test("acts, copies, and lets go when closed", () => {
    const { bridge, acted, pending } = stage();
    bridge.receive({ type: "page", id: 1, request });
    bridge.receive({ type: "action", action: "materialize" });
    bridge.receive({ type: "copy", text: "x" });
    bridge.dispose();
    expect(acted).toEqual(["materialize", "copied x", "unsubscribed"]);
    expect(pending[0]?.signal.aborted).toBe(true);
  });
});
