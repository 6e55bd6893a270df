import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Field, Int64, makeData, RecordBatch, Schema, Struct } from "apache-arrow";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type Database, openDatabase } from "./database.ts";
import { query, rowsOf, run } from "./query.ts";
import type { DatabaseOptions } from "./shared.ts";
import { writeTable } from "./write.ts";

let folder: string;
let opened: Database[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sluice-duckdb-"));
  opened = [];
});
afterEach(async () => {
  for (const database of opened) await database.release();
  rmSync(folder, { recursive: true, force: true });
});
const open = (name = "a.duckdb", options: DatabaseOptions = {}): Database => {
  const database = openDatabase(join(folder, name), options);
  opened.push(database);
  return database;
};

/** Runs code in another process that has `native`, the engine, and `file`, the database's path. */
function other(code: string, file: string) {
  const script = `import native from ${JSON.stringify(import.meta.resolve("@duckdb/node-bindings"))}; const file = ${JSON.stringify(file)}; ${code}`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], { stdio: ["pipe", "pipe", "inherit"] });
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
  });
  return {
    child,
    said: (what: string) =>
      new Promise<void>((resolve, reject) => {
        const look = () => text.includes(what) && resolve();
        look();
        child.stdout.on("data", look);
        child.on("exit", () => reject(new Error(`It ended having said: ${text}`)));
      }),
    ended: async () => {
      if (child.exitCode === null && child.signalCode === null) await once(child, "close");
      return text;
    },
  };
}
const tryToOpen = `try { const db = await native.open(file); native.close_sync(db); console.log("opened"); } catch (error) { console.log("refused " + error.message); }`;
const isFree = async (file: string): Promise<boolean> => (await other(tryToOpen, file).ended()).startsWith("opened");

describe("a database file", () => {
  it("is one instance, whatever path it is asked for by, and whoever asks", async () => {
    mkdirSync(join(folder, "sub"));
    symlinkSync(join(folder, "sub"), join(folder, "link"));
    const first = open("sub/a.duckdb");
    await first.lease((connection) => run(connection, "CREATE TABLE t AS SELECT 1 AS i"));
    const second = open("link/../sub/a.duckdb");
    const third = open("link/a.duckdb");
    expect(second.store).toBe(first.store);
    expect(third.store).toBe(first.store);
    expect(await third.lease((connection) => rowsOf(connection, "SELECT i FROM t"))).toEqual([{ i: 1 }]);
    vi.resetModules();
    const copy = (await import("./database.ts")).openDatabase;
    expect(copy).not.toBe(openDatabase);
    const fourth = copy(join(folder, "sub", "a.duckdb"));
    opened.push(fourth);
    expect(await fourth.lease((connection) => rowsOf(connection, "SELECT i FROM t"))).toEqual([{ i: 1 }]);
  });

  it("is held by another process while that uses it: who and what to do is said at once", async () => {
    const file = join(folder, "a.duckdb");
    const holder = other(
      `const db = await native.open(file); console.log("holding"); process.stdin.resume(); process.stdin.on("end", () => process.exit());`,
      file,
    );
    await holder.said("holding");
    const error = await open()
      .lease(async () => undefined)
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: "io/locked",
      message: expect.stringContaining(`node (process ${holder.child.pid})`),
      hint: expect.stringContaining(String(holder.child.pid)),
    });
    expect((error as Error).message).toContain(file);
    holder.child.stdin.end();
    await holder.ended();
    await expect(open().lease((connection) => rowsOf(connection, "SELECT 1 AS i"))).resolves.toEqual([{ i: 1 }]);
  });

  it("is free for others once it is released, even with an answer half read", async () => {
    const database = open("a.duckdb", { idleRelease: 3_600_000 });
    await database.lease((connection) => run(connection, "CREATE TABLE t AS SELECT range AS i FROM range(1000000)"));
    const stream = await database.stream((connection) => query(connection, "SELECT * FROM t"));
    const iterator = stream.batches[Symbol.asyncIterator]();
    expect((await iterator.next()).value?.numRows).toBeGreaterThan(0);
    const unread = await database.stream((connection) => query(connection, "SELECT * FROM t"));
    expect(await isFree(database.path)).toBe(false);
    await database.release();
    expect(await isFree(database.path)).toBe(true);
    await expect(iterator.next()).rejects.toMatchObject({ code: "io/unavailable" });
    await expect(unread.batches[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: "io/unavailable" });
    await database.release();
    expect(await database.lease((connection) => rowsOf(connection, "SELECT count(*)::INT AS n FROM t"))).toEqual([{ n: 1_000_000 }]);
  });

  it("is let go after idling, by itself", async () => {
    const database = open("a.duckdb", { idleRelease: 10 });
    await database.lease((connection) => run(connection, "CREATE TABLE t(i INT)"));
    await vi.waitFor(async () => expect(await isFree(database.path)).toBe(true), { timeout: 20_000 });
    await database.lease((connection) => run(connection, "INSERT INTO t VALUES (1)"));
  });

  it("of another user of this process keeps its streams when one is released", async () => {
    const [one, two] = [open(), open()];
    await one.lease((connection) => run(connection, "CREATE TABLE t AS SELECT range AS i FROM range(500000)"));
    const stream = await two.stream((connection) => query(connection, "SELECT * FROM t"));
    await one.release();
    let rows = 0;
    for await (const batch of stream.batches) rows += batch.numRows;
    expect(rows).toBe(500_000);
  });

  it("that something else in this process has open is refused, before that one's lock is lost", async () => {
    const file = join(folder, "a.duckdb");
    const { loadNative } = await import("./native.ts");
    const native = await loadNative();
    const foreign = await native.open(file);
    try {
      await expect(open().lease(async () => undefined)).rejects.toMatchObject({ code: "io/locked", hint: expect.stringContaining("duckdbResource") });
    } finally {
      native.close_sync(foreign);
    }
  });

  it("in a folder that is missing is made with it", async () => {
    const database = open("new/folder/a.duckdb");
    await database.lease((connection) => run(connection, "SELECT 1"));
    expect(existsSync(join(folder, "new", "folder", "a.duckdb"))).toBe(true);
  });

  it("that is something else is said to be", async () => {
    writeFileSync(join(folder, "a.duckdb"), "This is a letter to my grandmother. ".repeat(1000));
    await expect(open().lease(async () => undefined)).rejects.toMatchObject({
      code: "io/unavailable",
      message: expect.stringContaining("not a DuckDB database"),
    });
  });

  it.skipIf(process.getuid?.() === 0)("that may not be read is said to be", async () => {
    writeFileSync(join(folder, "a.duckdb"), "");
    chmodSync(join(folder, "a.duckdb"), 0);
    await expect(open().lease(async () => undefined)).rejects.toMatchObject({ code: "io/permission" });
  });

  it.each(["temp.duckdb", "system.duckdb", "public.duckdb", 'it\'s "odd"; name.duckdb', "🦆 a.b.duckdb"])("may be called %s", async (name) => {
    const database = open(name);
    const rows = await database.lease(async (connection) => {
      const table = [connection.catalog, "public", "t"].map((part) => `"${part.replaceAll('"', '""')}"`).join(".");
      await run(connection, "CREATE SCHEMA IF NOT EXISTS public");
      await run(connection, `CREATE TABLE ${table} AS SELECT 1 AS i`);
      return rowsOf(connection, `SELECT i FROM ${table}`);
    });
    expect(rows).toEqual([{ i: 1 }]);
  });
});

describe("an operation", () => {
  it("is interrupted by its signal, and the database can be used at once", async () => {
    const database = open();
    const controller = new AbortController();
    const running = database.lease((connection) => run(connection, "CREATE TABLE t AS SELECT count(*) FROM range(100000000000) a, range(1000) b"), {
      signal: controller.signal,
    });
    setImmediate(() => controller.abort());
    await expect(running).rejects.toMatchObject({ code: "run/cancelled" });
    expect(await database.lease((connection) => rowsOf(connection, "SELECT count(*)::INT AS n FROM duckdb_tables()"))).toEqual([{ n: 0 }]);
  });

  it("that stores a stream which never goes on is cancelled all the same", async () => {
    const database = open();
    const controller = new AbortController();
    const schema = new Schema([new Field("i", new Int64())]);
    async function* stuck(): AsyncGenerator<RecordBatch> {
      setImmediate(() => controller.abort());
      await new Promise(() => undefined);
      yield batch(schema, 0, 1);
    }
    const running = database.lease((connection) => writeTable(connection, [connection.catalog, "main", "t"], { schema, batches: stuck() }), {
      signal: controller.signal,
    });
    await expect(running).rejects.toMatchObject({ code: "run/cancelled" });
  });

  it("that previews reaches no file through a view", async () => {
    const database = open();
    writeFileSync(join(folder, "secret.csv"), "a\nsecret\n");
    await database.lease((connection) => run(connection, `CREATE VIEW v AS SELECT * FROM read_csv('${join(folder, "secret.csv")}')`));
    const peek = database.lease((connection) => rowsOf(connection, "SELECT * FROM v"), { purpose: "preview" });
    await expect(peek).rejects.toMatchObject({ message: expect.stringContaining("disabled") });
    expect(await database.lease((connection) => rowsOf(connection, "SELECT * FROM v"))).toEqual([{ a: "secret" }]);
  });
});

const batch = (schema: Schema, from: number, rows: number): RecordBatch => {
  const data = BigInt64Array.from({ length: rows }, (_, i) => BigInt(from + i));
  return new RecordBatch(
    schema,
    makeData({
      type: new Struct(schema.fields),
      length: rows,
      nullCount: 0,
      children: [makeData({ type: new Int64(), length: rows, nullCount: 0, data })],
    }),
  );
};

describe("storing", () => {
  it("leaves the event loop free", async () => {
    const database = open();
    const schema = new Schema([new Field("i", new Int64())]);
    const batches = Array.from({ length: 40 }, (_, i) => batch(schema, i * 50_000, 50_000));
    let ticks = 0;
    let going = true;
    const tick = () => {
      ticks++;
      if (going) setImmediate(tick);
    };
    const rows = await database.lease(async (connection) => {
      const storing = writeTable(connection, [connection.catalog, "main", "t"], { schema, batches });
      tick();
      return storing;
    });
    going = false;
    expect(rows).toBe(2_000_000);
    // The engine asks about a thousand times for 2048 rows; a loop that stood still would have ticked a few times.
    expect(ticks).toBeGreaterThan(200);
  });

  it("passes on what the user's stream throws, as it was thrown", async () => {
    const database = open();
    const schema = new Schema([new Field("i", new Int64())]);
    const mistake = new TypeError("the user's own");
    async function* failing() {
      yield batch(schema, 0, 600_000);
      throw mistake;
    }
    const storing = database.lease((connection) => writeTable(connection, [connection.catalog, "main", "t"], { schema, batches: failing() }));
    await expect(storing).rejects.toBe(mistake);
  });

  it("takes a stream of many small batches in order", async () => {
    const database = open();
    const schema = new Schema([new Field("i", new Int64())]);
    function* small() {
      for (let i = 0; i < 3000; i++) yield batch(schema, i * 7, 7);
    }
    await database.lease(async (connection) => {
      expect(await writeTable(connection, [connection.catalog, "main", "t"], { schema, batches: small() })).toBe(21_000);
      expect(await rowsOf(connection, "SELECT count(*)::INT AS n FROM t WHERE i <> rowid")).toEqual([{ n: 0 }]);
    });
  });
});
