import * as assert from "node:assert/strict";
import * as vscode from "vscode";
import type { ShownTable } from "../../../client/panels/table.ts";
import type { RunSummary } from "../../../runtime/src/model/events.ts";
import type { TableSubject } from "../../../runtime/src/model/table-messages.ts";
import { project, read, sluice, stateOf, until, uriOf, write } from "./editor.ts";

const file = "assets/daily.ts";
const daily = `import { asset, dailyPartitions, dynamicPartitions, md } from "sluice";

export const daily = asset("daily", {
  partitions: dailyPartitions({ start: "2026-01-01", end: "2026-02-01", column: "day" }),
  run: (_, { partition, metadata }) => {
    if (partition.key === "2026-01-13") throw new TypeError("no data for Friday");
    metadata({ note: md("made **" + partition.key + "**"), score: 0.5 });
    return [1, 2].map((n) => ({ day: partition.key, n }));
  },
});
export const shops = asset("shops", {
  partitions: dynamicPartitions("shop", { column: "shop" }),
  run: (_, { partition }) => [{ shop: partition.key }],
});
`;
const run = async (more: object, key = "daily") => {
  const { id } = await project();
  return vscode.commands.executeCommand<RunSummary | undefined>("sluice.materialize", { project: id, key, ...more });
};
const counts = async (key = "daily") => (await stateOf(key))?.partitions;

describe("an asset with partitions", () => {
  before(async () => {
    write(file, daily);
    await vscode.commands.executeCommand("sluice.refresh");
    await until(project, ({ assets }) => assets.some(({ key, status }) => key === "shops" && status !== undefined));
  });
  after(async () => {
    await vscode.commands.executeCommand("workbench.action.closeAllEditors");
    // The editor keeps documents for some minutes: one without a file would go on naming its assets.
    write(file, "export {};\n");
    await vscode.commands.executeCommand("sluice.refresh");
    await until(project, ({ assets }) => !assets.some(({ key }) => key === "daily" || key === "shops"));
  });

  it("is materialized in the partition that was named, and in no other", async () => {
    assert.deepEqual(await counts(), { total: 31, stored: 0, failed: 0, missing: 31, stale: 0 });
    const summary = await run({ partition: "2026-01-05" });
    assert.equal(summary?.state, "succeeded");
    assert.deepEqual(await counts(), { total: 31, stored: 1, failed: 0, missing: 30, stale: 0 });
    assert.equal((await stateOf("daily"))?.rows, 2);
  });

  it("makes a range, and then only what is missing or failed", async () => {
    const failed = await run({ partitions: ["2026-01-10..2026-01-14"] });
    assert.equal(failed?.state, "failed");
    assert.deepEqual(failed?.failed, ["daily"]);
    assert.deepEqual(await counts(), { total: 31, stored: 5, failed: 1, missing: 25, stale: 0 });
    write(file, read(file).replace('partition.key === "2026-01-13"', "false"));
    await run({ partitions: ["2026-01-13"] });
    const after = await counts();
    assert.equal(after?.failed, 0);
    assert.equal(after?.stored, 6);
    const rest = await run({ missing: true });
    assert.equal(rest?.state, "succeeded");
    assert.deepEqual([(await counts())?.stored, (await counts())?.missing], [31, 0]);
  });

  it("lists its partitions in the tree, newest first, with the state of each", async () => {
    const { assetsView } = await sluice();
    const unfold = async (
      is: (element: Awaited<ReturnType<typeof assetsView.childrenOf>>[number]) => boolean,
      from?: Parameters<typeof assetsView.childrenOf>[0],
    ) => (await assetsView.childrenOf(from)).find(is);
    const group = await unfold((one) => one.type === "group" && one.nodes.includes("daily"));
    const asset = await unfold((one) => one.type === "asset" && one.key === "daily", group);
    const list = asset && (await unfold((one) => one.type === "partitions", asset));
    assert.ok(list);
    const partitions = await assetsView.childrenOf(list);
    assert.equal(partitions.length, 31);
    const items = await Promise.all(partitions.map((one) => assetsView.itemOf(one)));
    assert.deepEqual([items[0]?.label, items.at(-1)?.label], ["2026-01-31", "2026-01-01"]);
    assert.match(String(items[0]?.description), /^2 rows/);
    assert.equal(await vscode.commands.executeCommand("sluice.copyKey", partitions[0]).then(String), "2026-01-31");
  });

  it("opens the table of one partition, and of all together", async () => {
    const { tables } = await sluice();
    const { id } = await project();
    const shown = (partition: string | undefined) =>
      new Promise<ShownTable>((resolve) => {
        const listening = tables.onDidShow((table) => {
          if (table.subject.key !== "daily" || table.subject.partition !== partition) return;
          listening.dispose();
          resolve(table);
        });
      });
    const one = shown("2026-01-05");
    const subject = await vscode.commands.executeCommand<TableSubject>("sluice.preview", { project: id, key: "daily", partition: "2026-01-05" });
    assert.equal((await one).rows, 2);
    assert.equal(vscode.window.tabGroups.activeTabGroup.activeTab?.label, "daily · 2026-01-05");
    const all = shown(undefined);
    const { partition: _partition, ...whole } = subject;
    assert.equal(tables.replace(subject, whole), true);
    assert.equal((await all).rows, 62);
    assert.equal(vscode.window.tabGroups.activeTabGroup.activeTab?.label, "daily");
  });

  it("counts them above its code, and tells on hover what the last one recorded and where it lies", async () => {
    const document = await vscode.workspace.openTextDocument(uriOf(file));
    await vscode.window.showTextDocument(document);
    await until(
      async () => (await vscode.commands.executeCommand<vscode.CodeLens[]>("vscode.executeCodeLensProvider", document.uri, 100)) ?? [],
      (lenses) => lenses.some(({ command }) => command?.title.startsWith("31/31 partitions · ") ?? false),
    );
    const hovers = await vscode.commands.executeCommand<vscode.Hover[]>(
      "vscode.executeHoverProvider",
      document.uri,
      document.positionAt(document.getText().indexOf('"daily"') + 2),
    );
    const contents = hovers.flatMap((hover) => hover.contents) as vscode.MarkdownString[];
    const text = contents.map(({ value }) => value).join("\n");
    assert.match(text, /`ioManager` → duckdb/);
    assert.match(text, /made \*\*2026-01-\d\d\*\*/);
    assert.ok(contents.every(({ isTrusted, supportHtml }) => isTrusted !== true && supportHtml !== true));
  });

  it("says what each run recorded", async () => {
    const { runsView } = await sluice();
    const [last] = await runsView.childrenOf();
    const [asset] = await runsView.childrenOf(last);
    const steps = await runsView.childrenOf(asset);
    assert.match(String(runsView.itemOf(asset!).description), /^25 partitions · 50 rows/);
    assert.equal(steps.length, 25);
    const facts = (await runsView.childrenOf(steps[0])).map((fact) => runsView.itemOf(fact));
    assert.ok(facts.some(({ label, description }) => label === "score" && description === "0.5"));
  });
});
