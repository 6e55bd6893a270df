import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type RecordBatch, type Table, tableFromIPC, type Vector } from "apache-arrow";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { realPath } from "../../duckdb/database.ts";
import { askOwner } from "../../duckdb/owner/ask.ts";
import { thisPlace } from "../../duckdb/owner/places.ts";
import { findOwners } from "../../duckdb/owner/record.ts";
import { thisSystem } from "../../duckdb/processes.ts";
import { arrow } from "../../handlers/arrow.ts";
import { batches } from "../../handlers/batches.ts";
import { rows } from "../../handlers/rows.ts";
import { sql } from "../../handlers/sql.ts";
import { inputContext, outputContext } from "../../testing/contexts.ts";
import { duckdb } from "../duckdb.ts";
import type { AnyIOManager, SqlQuery } from "../manager.ts";
import { duckdbResource, type OpenDuckdb } from "./resource.ts";
import type { Order } from "./second-process.fixture.ts";

let folder: string;
let file: string;
let former: string | undefined;
let io: AnyIOManager;
let others: ReturnType<typeof start>[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sluice-two-"));
  file = join(folder, "a.duckdb");
  former = process.env["XDG_RUNTIME_DIR"];
  process.env["XDG_RUNTIME_DIR"] = folder;
  io = duckdb({ database: file, idleRelease: 3_600_000 });
  others = [];
});
afterEach(async () => {
  await io.close?.();
  for (const other of others) await other.kill();
  if (former === undefined) delete process.env["XDG_RUNTIME_DIR"];
  else process.env["XDG_RUNTIME_DIR"] = former;
  rmSync(folder, { recursive: true, force: true });
});

interface Said {
  readonly done?: unknown;
  readonly log?: string;
  readonly blocking?: boolean;
  readonly error?: { readonly code: string; readonly message: string; readonly hint?: string };
}

/** Another process on the same file. */
function start(lockWait = 60_000) {
  const entry = new URL("./second-process.fixture.ts", import.meta.url).href;
  const script = `import(process.argv[1]).then((module) => module.secondProcess(process.argv[2], Number(process.argv[3])))`;
  const child: ChildProcess = spawn(process.execPath, ["--no-warnings", "-e", script, entry, file, String(lockWait)], {
    stdio: ["pipe", "pipe", "inherit"],
    env: { ...process.env, NODE_COMPILE_CACHE: join(tmpdir(), "sluice-test-compile-cache") },
  });
  const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  const next = async (): Promise<Said> => {
    const { value, done } = await lines.next();
    if (done) throw new Error("The other process has ended.");
    return JSON.parse(value as string) as Said;
  };
  const closed = once(child, "close");
  return {
    child,
    next,
    send: (order: Order) => void child.stdin!.write(`${JSON.stringify(order)}\n`),
    /** What it says when it has done that. */
    told: async (order: Order): Promise<Said> => {
      child.stdin!.write(`${JSON.stringify(order)}\n`);
      for (;;) {
        const said = await next();
        if (said.log === undefined) return said;
      }
    },
    kill: async () => {
      child.kill("SIGKILL");
      await closed;
    },
  };
}
async function other(lockWait?: number) {
  const made = start(lockWait);
  others.push(made);
  await made.next();
  return made;
}
const store = (key: string, value: unknown, more: Parameters<typeof outputContext>[1] = {}) => io.handleOutput(outputContext(key, more), value);
const load = (key: string) => io.loadInput(inputContext(key, { handler: rows() }));

describe("a file that another process has", () => {
  it("and does nothing with is let go at once, for reading and for writing, and taken back in the same way", async () => {
    const it = await other();
    await it.told({ do: "store", key: "theirs", rows: [{ i: 1 }] });
    expect(await load("theirs")).toEqual([{ i: 1 }]);
    await it.told({ do: "store", key: "theirs", rows: [{ i: 2 }] });
    await store("ours", [{ i: 3 }]);
    expect(await it.told({ do: "load", key: "ours" })).toEqual({ done: [{ i: 3 }] });
    expect(await load("theirs")).toEqual([{ i: 2 }]);
  });

  it("and uses for long is listed, previewed and read through it, as it was before that work began", async () => {
    await store(
      "sales",
      [
        { id: 1, owner: "Ada" },
        { id: 2, owner: "" },
      ],
      { record: { dataVersion: "v1" } },
    );
    const here = (await io.loadInput(inputContext("sales", { handler: arrow }))) as object;
    const it = await other();
    await it.told({ do: "hold" });

    expect(await io.inspect?.(inputContext("sales"))).toMatchObject({ dataVersion: "v1", rows: 2, handler: "rows" });
    expect(await io.inspect?.(inputContext("half_done"))).toBeUndefined();
    expect(await io.list?.(inputContext("sales"))).toEqual([]);
    const page = await io.preview!(inputContext("sales"), { offset: 0, limit: 1, sort: [{ column: "id", descending: true }] });
    expect(page).toMatchObject({
      rows: 2,
      columns: [
        { name: "id", type: "BIGINT" },
        { name: "owner", type: "VARCHAR" },
      ],
    });
    expect(
      tableFromIPC(page.ipc)
        .toArray()
        .map((row) => row.toJSON()),
    ).toEqual([{ id: 2n, owner: "" }]);
    expect(await load("sales")).toEqual([
      { id: 1, owner: "Ada" },
      { id: 2, owner: "" },
    ]);
    expect(String(await io.loadInput(inputContext("sales", { handler: arrow })))).toBe(String(here));
    await expect(load("missing")).rejects.toMatchObject({ code: "io/not-found", asset: "missing" });
    const mistake = io.preview!(inputContext("sales"), { offset: 0, limit: 1, columns: ["nothing"] });
    await expect(mistake).rejects.toMatchObject({ code: "io/schema-mismatch" });
    expect(await it.told({ do: "let go" })).toHaveProperty("done");
  });

  it("is written as soon as that work has ended, and who was waited for is said", async () => {
    const it = await other();
    await it.told({ do: "hold" });
    const logged: string[] = [];
    let told = () => {};
    const waiting = new Promise<void>((resolve) => {
      told = resolve;
    });
    const storing = store("ours", [{ i: 1 }], {
      log: (_, message) => {
        logged.push(message);
        told();
      },
    });
    await waiting;
    expect(logged).toEqual([expect.stringMatching(`Waiting for another Sluice \\(process ${it.child.pid}, .*\\), which uses ".*a.duckdb"`)]);
    await it.told({ do: "let go" });
    expect(await storing).toMatchObject({ rows: 1 });
    expect(await load("ours")).toEqual([{ i: 1 }]);
  });

  it("is io/locked with who has it and what to do when that work does not end in time", async () => {
    const it = await other();
    await it.told({ do: "hold" });
    io = duckdb({ database: file, lockWait: 50 });
    await expect(store("ours", [{ i: 1 }])).rejects.toMatchObject({
      code: "io/locked",
      message: expect.stringContaining(`process ${it.child.pid}`),
      hint: expect.stringContaining(`end process ${it.child.pid}`),
    });
    await it.told({ do: "let go" });
    expect(await store("ours", [{ i: 1 }])).toMatchObject({ rows: 1 });
  });

  it("is waited for no longer when the wait is cancelled", async () => {
    const it = await other();
    await it.told({ do: "hold" });
    const controller = new AbortController();
    const storing = store("ours", [{ i: 1 }], { signal: controller.signal, log: () => controller.abort() });
    await expect(storing).rejects.toMatchObject({ code: "run/cancelled" });
    await it.told({ do: "let go" });
    expect(await io.inspect?.(inputContext("ours"))).toBeUndefined();
  });

  it("is io/locked when that one stands still, and read once it goes on", async () => {
    await store("sales", [{ i: 1 }]);
    const it = await other();
    await it.told({ do: "hold" });
    it.send({ do: "block", file: join(folder, "go") });
    expect(await it.next()).toEqual({ blocking: true });
    const hurried = duckdb({ database: file, lockWait: 100 });
    await expect(hurried.inspect!(inputContext("sales"))).rejects.toMatchObject({
      code: "io/locked",
      message: expect.stringContaining("did not answer"),
    });
    writeFileSync(join(folder, "go"), "");
    await it.next();
    io = duckdb({ database: file, lockWait: 60_000 });
    expect(await load("sales")).toEqual([{ i: 1 }]);
  });

  it("is free when that one is killed, and what it left of itself is removed", async () => {
    const it = await other();
    await it.told({ do: "store", key: "theirs", rows: [{ i: 1 }] });
    await it.told({ do: "hold" });
    expect(readdirSync(join(folder, "sluice")).length).toBe(2);
    const storing = store("ours", [{ i: 2 }], { log: () => void it.kill() });
    expect(await storing).toMatchObject({ rows: 1 });
    expect(await load("theirs")).toEqual([{ i: 1 }]);
    await io.close?.();
    const again = await other();
    await again.told({ do: "hold" });
    await load("theirs");
    expect(readdirSync(join(folder, "sluice")).map((name) => name.split(".")[1])).toEqual([String(again.child.pid), String(again.child.pid)]);
  });

  it("streams more than memory should hold to a reader that does not go on, and is not kept by that", async () => {
    const count = 1_500_000;
    const it = await other();
    expect(await it.told({ do: "generate", key: "big", count })).toEqual({ done: count });
    await it.told({ do: "hold" });
    const stream = (await io.loadInput(inputContext("big", { handler: batches }))) as AsyncIterable<RecordBatch>;
    const reading = stream[Symbol.asyncIterator]();
    let read = (await reading.next()).value?.numRows ?? 0;
    await it.told({ do: "let go" });
    // Written while the rest of the rows is still unread: the one that read them for us is done with the file.
    await store("ours", [{ i: 1 }]);
    for (let next = await reading.next(); !next.done; next = await reading.next()) {
      read += next.value.numRows;
      expect(next.value.getChildAt(1)?.get(0)).toBe("x".repeat(100));
    }
    expect(read).toBe(count);
    expect(readdirSync(tmpdir()).filter((name) => name.endsWith(".spool"))).toEqual([]);
  });

  it("is named in a query while that one uses it, and the query runs when it is let go", async () => {
    await store("sales", [{ i: 1 }, { i: 2 }]);
    const it = await other();
    await it.told({ do: "hold" });
    const query = (await io.loadInput(inputContext("sales", { handler: sql }))) as SqlQuery;
    const storing = store("sums", sql`select sum(i)::BIGINT as i from ${query}`, { log: () => it.send({ do: "let go" }) });
    expect(await storing).toMatchObject({ rows: 1 });
    expect(await load("sums")).toEqual([{ i: 3 }]);
  });

  it("is shared by several that all write and read, and nothing is lost", async () => {
    const [one, two] = await Promise.all([other(), other()]);
    const times = 5;
    const writing = async (write: (key: string, i: number) => Promise<unknown>, name: string) => {
      for (let i = 0; i < times; i++) await write(`${name}_${i}`, i);
    };
    await Promise.all([
      writing((key, i) => store(key, [{ i }]), "ours"),
      writing((key, i) => one!.told({ do: "store", key, rows: [{ i }] }), "ones"),
      writing((key, i) => two!.told({ do: "store", key, rows: [{ i }] }), "twos"),
    ]);
    for (const name of ["ours", "ones", "twos"]) {
      for (let i = 0; i < times; i++) expect(await load(`${name}_${i}`)).toEqual([{ i }]);
    }
  });

  it("gives every type exactly as it is read without it", async () => {
    const resource = duckdbResource({ database: file });
    const connection = (await resource.open({ signal: new AbortController().signal })) as OpenDuckdb;
    await connection.run("CREATE SCHEMA public; CREATE TABLE public.every AS SELECT * FROM test_all_types()");
    await connection.close();
    const read = async () => (await io.loadInput(inputContext("every", { handler: arrow }))) as Table;
    const here = await read();
    const it = await other();
    await it.told({ do: "hold" });
    const through = await read();
    expect(through.schema.fields.map(String)).toEqual(here.schema.fields.map(String));
    expect(through.schema.fields.map(({ metadata }) => [...metadata])).toEqual(here.schema.fields.map(({ metadata }) => [...metadata]));
    expect(through.numRows).toBeGreaterThan(2);
    for (const [i, { name }] of here.schema.fields.entries()) {
      expect([name, ...plain(through.getChildAt(i))]).toEqual([name, ...plain(here.getChildAt(i))]);
    }
  });
});

/** Values as text; of a time that JavaScript cannot hold, Arrow's own words, which name it. */
const plain = (column: Vector | null): readonly string[] =>
  Array.from({ length: column?.length ?? 0 }, (_, i) => {
    try {
      return String(column?.get(i));
    } catch (thrown) {
      return String(thrown);
    }
  });

describe("a process that has a file in use", () => {
  it("answers no question that it does not know, and writes nothing for another one", async () => {
    await store("sales", [{ i: 1 }]);
    const resource = duckdbResource({ database: file });
    const held = (await resource.open({ signal: new AbortController().signal })) as OpenDuckdb;
    await held.run("CREATE SEQUENCE numbers");
    const [owner] = findOwners(realPath(file), thisSystem(), thisPlace());
    const name = { schema: "public", table: "sales" };
    const ask = (question: unknown) => askOwner(owner!, { question, limit: 60_000 });
    const sliced = (partitionExpr: string) => ({
      key: "sales",
      slices: [{ key: "1", dimensions: [{ name: "partition", key: "1", partitionExpr }] }],
    });
    for (const question of [
      null,
      "facts",
      { what: "run", name, wanted: sliced("i") },
      { what: "facts", name: "sales", wanted: sliced("i") },
      { what: "facts", name, wanted: { key: "sales", slices: [{ key: 1 }] } },
      { what: "page", name, wanted: sliced("i"), request: { offset: 0, limit: 1, filter: [{ column: "i", operator: "; drop" }] } },
      { what: "page", name, wanted: sliced("i"), request: { offset: "0", limit: 1 } },
    ]) {
      await expect(ask(question)).rejects.toMatchObject({ code: "config/invalid" });
    }
    for (const what of ["facts", "rows", "relation", "page"]) {
      for (const expression of ["1); DROP TABLE public.sales; SELECT (1", "(SELECT 1 FROM missing)"]) {
        await expect(ask({ what, name, wanted: sliced(expression), request: { offset: 0, limit: 1 } })).rejects.toMatchObject({ code: "sql/failed" });
      }
    }
    for (const what of ["facts", "rows"])
      await expect(ask({ what, name, wanted: sliced("nextval('numbers')") })).rejects.toMatchObject({ code: "sql/failed" });
    const fine = await ask({ what: "facts", name, wanted: sliced("i") });
    expect(fine).toMatchObject({ kind: "answered", answered: { json: { partitions: [["1", null]] } } });
    if (fine.kind === "answered") fine.answered.close();
    expect(await held.rows("SELECT nextval('numbers') AS n, (SELECT count(*) FROM public.sales) AS c")).toEqual([{ n: 1, c: 1 }]);
    await held.close();
  });
});
