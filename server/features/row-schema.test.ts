import { afterEach, describe, expect, it } from "vitest";
import type { CodeAction, Diagnostic, DocumentDiagnosticReport } from "vscode-languageserver/node";
import { TextDocument } from "vscode-languageserver-textdocument";
import { statusChanged } from "../../runtime/src/model/graph.ts";
import { createWorkbench, positionIn, type Workbench } from "../testing/workbench.ts";

const config = `import { defineConfig } from "sluice";
export default defineConfig({ assets: ["assets/**/*.ts"], targets: { local: {} }, defaultTarget: "local" });
`;
let bench: Workbench | undefined;
afterEach(async () => {
  expect(await bench?.close()).toEqual([]);
});

type Columns = Readonly<Record<string, string>>;

/** What is found and can be done in `assets/main.ts` when "sales" is stored with these columns. */
async function held(main: string, columns: Columns, { types = "", where = "sales" } = {}) {
  const files: Readonly<Record<string, string>> = { "sluice.config.ts": config, "assets/main.ts": main, "lib/types.ts": types };
  bench = createWorkbench(files);
  const client = await bench.start();
  for (const [name, text] of Object.entries(files)) await client.open(bench.uri(name), text);
  const textDocument = { uri: bench.uri("assets/main.ts") };
  const before = client.received("workspace/diagnostic/refresh").length;
  await client.connection.sendNotification(statusChanged, {
    project: bench.uri("").replace(/\/$/, ""),
    statuses: [
      {
        key: "sales",
        state: "fresh",
        metadata: { columns: Object.entries(columns).map(([name, type]) => ({ name, type, nullable: true })) },
      },
    ],
    running: [],
  });
  await client.until("workspace/diagnostic/refresh", () => client.received("workspace/diagnostic/refresh").length > before);
  const pull = async (): Promise<readonly Diagnostic[]> => {
    const report = await client.ask<DocumentDiagnosticReport>("textDocument/diagnostic", { textDocument });
    return report.kind === "full" ? report.items : [];
  };
  const diagnostics = await pull();
  const position = positionIn(main, main.indexOf(where) + 1);
  const range = diagnostics[0]?.range ?? { start: position, end: position };
  const actions = await client.ask<CodeAction[]>("textDocument/codeAction", { textDocument, range, context: { diagnostics } });
  const apply = async (title: string) => {
    const edit = actions.find((action) => action.title === title)?.edit;
    const texts = Object.fromEntries(
      Object.entries(files).map(([name, text]) => [
        name,
        TextDocument.applyEdits(TextDocument.create(bench!.uri(name), "typescript", 1, text), edit?.changes?.[bench!.uri(name)] ?? []),
      ]),
    );
    for (const [name, text] of Object.entries(texts)) await client.edit(bench!.uri(name), 2, text);
    return { texts, found: (await pull()).map(({ message }) => message) };
  };
  return { diagnostics, messages: diagnostics.map(({ message }) => message), actions, titles: actions.map(({ title }) => title), apply };
}

const head = 'import { asset, readCsv, sql } from "sluice";\n';
const sale = `interface Sale {
  readonly id: number;
  readonly amount: string | null;
  gone: boolean;
}
`;
const asset = 'export const sales = asset("sales", { run: () => readCsv<Sale>("sales.csv") });\n';

describe("a row's type and the stored table", () => {
  it("are held against each other: types, columns that are not there, columns that the type leaves out", async () => {
    const { messages, diagnostics } = await held(head + sale + asset, { id: "BIGINT", amount: "DOUBLE", owner: "VARCHAR" });
    expect(messages).toEqual([
      'Sale is not what is stored for "sales": "amount" is string, and the table\'s is DOUBLE; the table has no column "gone"; the table also has "owner" (VARCHAR).',
    ]);
    expect(diagnostics[0]).toMatchObject({ code: "io/schema-mismatch", severity: 2 });
    expect(diagnostics[0]?.relatedInformation).toHaveLength(2);
  });

  it.each([
    [
      "every type that a row may have",
      "a: number; b: bigint; c: string; d: boolean; e: Date; f: Uint8Array; g: string; h: number",
      "BIGINT INTEGER VARCHAR BOOLEAN TIMESTAMP_NS BLOB DATE DECIMAL(18,2)",
    ],
    [
      "nested and unknown types, which are compared with nothing",
      "a: { x: number }; b: number[]; c: Other; d: string",
      "VARCHAR STRUCT(x_INTEGER) INTEGER VARCHAR[]",
    ],
    ["optional members and unions", 'a?: number; b: "x" | "y" | null; c: number | undefined', "BIGINT VARCHAR DOUBLE"],
  ])("agree on %s", async (_, members, types) => {
    const names = members.split(";").map((each) => each.trim().split(/[?:]/)[0]!);
    const columns = Object.fromEntries(names.map((name, index) => [name, types.split(" ")[index]!]));
    expect((await held(`${head}type Sale = { ${members} };\n${asset}`, columns)).messages).toEqual([]);
  });

  it.each([
    ["a return type", "export const sales = asset('sales', { run: async (): Promise<readonly Sale[]> => { return f(); } });"],
    ["a query", 'export const sales = asset("sales", { run: () => sql<Sale>`select 1` });'],
  ])("are compared where the type is that of %s", async (_, text) => {
    expect((await held(head + sale + text, { id: "VARCHAR", amount: "VARCHAR", gone: "BOOLEAN" })).messages).toHaveLength(1);
  });

  it("are not compared where nothing is known, or another type is involved", async () => {
    expect((await held(head + sale + asset, {})).messages).toEqual([]);
  });

  it("are made equal by the type, in whatever file it stands, or by a new materialization", async () => {
    const types = `export ${sale}`;
    const main = `${head}import type { Sale } from "../lib/types";\n${asset}`;
    const { titles, actions, apply } = await held(main, { id: "BIGINT", amount: "DOUBLE", "first name": "VARCHAR" }, { types });
    expect(titles).toEqual(["Make Sale what is stored", 'Materialize "sales", so that the table follows Sale']);
    expect(actions[1]?.command).toMatchObject({ command: "sluice.materialize", arguments: [{ key: "sales" }] });
    const { texts, found } = await apply("Make Sale what is stored");
    expect(texts["lib/types.ts"]).toBe(`export interface Sale {
  readonly id: number;
  readonly amount: number | null;
  readonly "first name": string | null;
}
`);
    expect(found).toEqual([]);
  });

  it("are made equal on one line as well", async () => {
    const { apply } = await held(`${head}type Sale = { id: number; gone: string, amount: boolean };\n${asset}`, {
      id: "BIGINT",
      amount: "BOOLEAN",
      more: "DATE",
    });
    const { texts, found } = await apply("Make Sale what is stored");
    expect(texts["assets/main.ts"]).toContain("type Sale = { id: number;  amount: boolean; readonly more: string | null; };");
    expect(found).toEqual([]);
  });
});

describe("an asset that names no row type", () => {
  it("gets one from the stored table", async () => {
    const main = `${head}export const sales = asset("sales", { run: () => f() });\n`;
    const { titles, apply } = await held(main, { id: "BIGINT", "a-b": "BLOB", tags: "VARCHAR[]" }, { where: '"sales"' });
    expect(titles).toEqual(["Write the type SalesRow from the stored table"]);
    const { texts } = await apply(titles[0]!);
    expect(texts["assets/main.ts"]).toBe(`${head}export interface SalesRow {
  readonly id: number | null;
  readonly "a-b": Uint8Array | null;
  readonly tags: unknown | null;
}

export const sales = asset("sales", { run: () => f() });\n`);
  });
});
