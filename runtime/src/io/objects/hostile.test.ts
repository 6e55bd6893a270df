import { chmod, copyFile, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { builtInHandlers } from "../../handlers/built-in.ts";
import { rows } from "../../handlers/rows.ts";
import { sql } from "../../handlers/sql.ts";
import { inputContext, outputContext } from "../../testing/contexts.ts";
import { sampleTable } from "../../testing/samples.ts";
import { filesystem } from "../filesystem.ts";
import type { AnyIOManager } from "../manager.ts";
import { objectIOManager } from "../objects.ts";
import { fileError, localStore } from "./local-store.ts";
import { remoteStore } from "./remote.fixture.ts";
import type { ObjectStore } from "./store.ts";

let folder: string;
let manager: AnyIOManager;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "sluice-hostile-"));
  manager = filesystem({ baseDir: join(folder, "storage") });
});
afterEach(async () => {
  await manager.close?.();
  await rm(folder, { recursive: true, force: true });
});

const at = (key: string, name = "region") => ({ partitions: [key], slices: [{ key, dimensions: [{ name, key }] }] });
const store = (value: unknown, more = {}, to = manager) => to.handleOutput(outputContext("shop/sales", more), value);
const load = (more = {}, from = manager) => from.loadInput(inputContext("shop/sales", { ...more }));
const over = (changed: (store: ObjectStore) => Partial<ObjectStore>): AnyIOManager => {
  const plain = localStore(() => join(folder, "storage"));
  return objectIOManager({ ...plain, ...changed(plain) }, { handlers: builtInHandlers });
};
const fileNames = async () =>
  (await readdir(join(folder, "storage"), { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile()).map(({ name }) => name);

describe("names that file systems have trouble with", () => {
  it("longer than a file's name may be, in any script, are kept apart and told in full", async () => {
    const keys = [
      "x".repeat(3000),
      `${"x".repeat(3000)}y`,
      "\u{1F600}".repeat(500),
      "\u00e9".repeat(300),
      "%".repeat(250),
      "A".repeat(250),
      "a".repeat(250),
    ];
    for (const [i, key] of keys.entries()) await store([{ i }], at(key));
    for (const [i, key] of keys.entries()) expect(await load(at(key))).toEqual([{ i }]);
    expect(await manager.list?.(inputContext("shop/sales"))).toEqual([...keys].sort());
    const names = await readdir(join(folder, "storage"), { recursive: true });
    for (const name of names.flatMap((path) => path.split("/"))) expect(Buffer.byteLength(name)).toBeLessThanOrEqual(255);
  });

  it("of dimensions may be anything too", async () => {
    const dimensions = [
      { name: "a=b/c", key: "1" },
      { name: "..", key: "CON" },
      { name: "NUL.", key: "aux.txt " },
    ];
    const more = { partitions: ["odd"], slices: [{ key: "odd", dimensions }] };
    await store([{ n: 1 }], more);
    expect(await load(more)).toEqual([{ n: 1 }]);
    expect(await manager.list?.(inputContext("shop/sales"))).toEqual(["odd"]);
    expect((await readdir(folder)).sort()).toEqual(["storage"]);
  });

  it("that differ in case are two values where the file system takes them for one name", async () => {
    const plain = remoteStore();
    const lower = (path: string): string => path.toLowerCase();
    const blind: ObjectStore = {
      ...plain,
      get: (path, options) => plain.get(lower(path), options),
      getRange: (path, start, length) => plain.getRange(lower(path), start, length),
      put: (path, bytes, options) => plain.put(lower(path), bytes, options),
      putStream: (path, chunks, options) => plain.putStream(lower(path), chunks, options),
      putFile: (path, file, options) => plain.putFile(lower(path), file, options),
      list: (path) => plain.list(lower(path)),
      below: (path) => plain.below(lower(path)),
      delete: (path) => plain.delete(lower(path)),
      stat: (path) => plain.stat(lower(path)),
    };
    const other = objectIOManager(blind, { handlers: builtInHandlers });
    const keys = ["EU", "eu", "Eu", "%45%55", "\u00c9", "\u00e9"];
    for (const [i, key] of keys.entries()) await store([{ i }], at(key), other);
    for (const [i, key] of keys.entries()) expect(await load(at(key), other)).toEqual([{ i }]);
    expect(await other.list?.(inputContext("shop/sales"))).toEqual([...keys].sort());
    await other.close?.();
  });
});

describe("links inside the folder", () => {
  it("to a file are replaced, and what they point to stays as it is", async () => {
    await writeFile(join(folder, "precious.parquet"), "precious");
    await mkdir(join(folder, "storage/shop"), { recursive: true });
    await symlink(join(folder, "precious.parquet"), join(folder, "storage/shop/sales.parquet"));
    await store([{ n: 1 }]);
    expect(await load()).toEqual([{ n: 1 }]);
    expect(await readFile(join(folder, "precious.parquet"), "utf8")).toBe("precious");
    await manager.delete?.(inputContext("shop/sales"));
    expect(await readFile(join(folder, "precious.parquet"), "utf8")).toBe("precious");
  });

  it("to files of other programs are read, as values and as partitions; those to nothing and to folders are none", async () => {
    const { place } = await manager.handleOutput(outputContext("one"), [{ n: 1 }]);
    await copyFile(place, join(folder, "one.parquet"));
    await mkdir(join(folder, "storage/shop/parts"), { recursive: true });
    await symlink(join(folder, "one.parquet"), join(folder, "storage/shop/sales.parquet"));
    await symlink(join(folder, "one.parquet"), join(folder, "storage/shop/parts/region=EU.parquet"));
    await symlink(join(folder, "nothing"), join(folder, "storage/shop/parts/region=US.parquet"));
    await symlink(folder, join(folder, "storage/shop/parts/region=up"));
    expect(await load({ handler: rows() })).toEqual([{ n: 1 }]);
    const parts = (more = {}) => inputContext("shop/parts", { handler: rows(), ...more });
    expect(await manager.list?.(parts())).toEqual(["EU"]);
    expect(await manager.loadInput(parts(at("EU")))).toEqual([{ n: 1 }]);
    expect(await manager.loadInput(parts())).toEqual([{ n: 1 }]);
    // reading leaves nothing in a folder that others write
    expect((await readdir(join(folder, "storage/.values"))).sort()).toEqual(["one@"]);
  });
});

describe("a folder that may only be read", () => {
  const denied = (path: string): never => {
    throw fileError(Object.assign(new Error("EACCES: permission denied"), { code: "EACCES" }), path, "write");
  };
  const readOnly = () =>
    over((plain) => ({
      put: async (path) => denied(path),
      putStream: async (path) => denied(path),
      putFile: async (path) => denied(path),
      delete: async (path) => denied(path),
      local: { ...plain.local!, prepare: async (path) => denied(path), mark: async (path) => denied(path), show: async (_, shown) => denied(shown) },
    }));

  it("is read, and refuses to be written with io/permission and the place", async () => {
    await store([{ n: 1 }]);
    await manager.handleOutput(outputContext("parts", at("EU")), [{ n: 2 }]);
    const other = readOnly();
    expect(await load({}, other)).toEqual([{ n: 1 }]);
    expect(await other.loadInput(inputContext("parts", { handler: rows() }))).toEqual([{ n: 2 }]);
    expect(await other.inspect?.(inputContext("shop/sales"))).toMatchObject({ rows: 1 });
    expect((await other.preview?.(inputContext("shop/sales"), { offset: 0, limit: 1 }))?.rows).toBe(1);
    for (const value of [[{ n: 2 }], { a: 1 }, sql`select 1 as n`]) {
      await expect(store(value, {}, other)).rejects.toMatchObject({ code: "io/permission", message: expect.stringContaining("shop/sales@") });
    }
    await expect(store([{ n: 2 }], { write: "append" }, other)).rejects.toMatchObject({ code: "io/permission" });
    await expect(other.delete?.(inputContext("shop/sales"))).rejects.toMatchObject({ code: "io/permission" });
    await other.close?.();
    expect(await load()).toEqual([{ n: 1 }]);
  });

  it.skipIf(process.getuid?.() === 0)("is told from one that is not there", async () => {
    await mkdir(join(folder, "storage"));
    await chmod(join(folder, "storage"), 0o500);
    await expect(store([{ n: 1 }])).rejects.toMatchObject({ code: "io/permission" });
    await chmod(join(folder, "storage"), 0o700);
  });
});

describe("a disk that is full", () => {
  const full = (path: string): never => {
    throw fileError(Object.assign(new Error("ENOSPC: no space left on device"), { code: "ENOSPC" }), path, "write");
  };
  const isRecord = (path: string): boolean => path.endsWith("/record");
  it.each([
    ["data", (path: string) => !isRecord(path)],
    ["the record", isRecord],
  ])("when %s is written: the former value stays, nothing is left, and the next write works", async (_, fails) => {
    let left = 0;
    const other = over((plain) => ({
      put: async (path, bytes, options) => (fails(path) && left > 0 ? full(path) : plain.put(path, bytes, options)),
      putStream: async (path, chunks, options) => (fails(path) && left > 0 ? full(path) : plain.putStream(path, chunks, options)),
      local: { ...plain.local!, seal: async (path) => (fails(path) && left > 0 ? full(path) : plain.local!.seal(path)) },
    }));
    for (const [former, value] of [
      [[{ n: 1 }], [{ n: 2 }]],
      [{ a: 1 }, { a: 2 }],
      [new Uint8Array([1]), new Uint8Array([2])],
    ]) {
      left = 0;
      await store(former, {}, other);
      const before = await fileNames();
      left = 1;
      await expect(store(value, {}, other)).rejects.toMatchObject({ code: "io/unavailable", hint: expect.stringContaining("The disk is full") });
      if (Array.isArray(value)) await expect(store(value, { write: "append" }, other)).rejects.toMatchObject({ code: "io/unavailable" });
      expect(await load({}, other)).toEqual(former);
      expect(await fileNames()).toEqual(before);
      left = 0;
      await store(value, {}, other);
      expect(await load({}, other)).toEqual(value);
    }
    await other.close?.();
  });
});

describe("a folder that is removed", () => {
  it("between calls has nothing, and takes values again", async () => {
    await store([{ n: 1 }]);
    await store([{ n: 1 }], at("EU"));
    await rm(join(folder, "storage"), { recursive: true });
    await expect(load()).rejects.toMatchObject({ code: "io/not-found" });
    expect(await manager.inspect?.(inputContext("shop/sales"))).toBeUndefined();
    expect(await manager.list?.(inputContext("shop/sales"))).toEqual([]);
    await manager.delete?.(inputContext("shop/sales"));
    await store([{ n: 2 }], { write: "append" });
    expect(await load()).toEqual([{ n: 2 }]);
  });

  it("in the middle of a write fails that one in words, and the next one works", async () => {
    const { batches } = await sampleTable({ columns: { i: "bigint" }, rows: Array.from({ length: 1000 }, (_, i) => ({ i })) });
    const removing = async function* () {
      yield batches[0];
      await rm(join(folder, "storage"), { recursive: true, force: true });
      yield batches[0];
    };
    await store([{ n: 1 }]);
    await expect(store(removing())).rejects.toMatchObject({ code: expect.stringMatching(/^(io\/unavailable|sql\/failed)$/) });
    await store([{ n: 2 }]);
    expect(await load()).toEqual([{ n: 2 }]);
  });

  it("under a query that was loaded is reported when the query runs", async () => {
    await store([{ n: 1 }]);
    const query = await load({ handler: sql });
    await rm(join(folder, "storage"), { recursive: true });
    await expect(manager.handleOutput(outputContext("other"), query)).rejects.toMatchObject({ code: "sql/failed" });
  });
});

describe("values that are no tables", () => {
  const own = JSON.parse('{"__proto__": {"a": 1}, "constructor": 2, "": 3}') as unknown;
  it.each([
    ["json", { a: [1, "two", null, true, { b: 1.5e300 }] }],
    ["json", "\ud800 lone, \u2028 line"],
    ["json", null],
    ["json", own],
    ["structured-clone", -0],
    ["structured-clone", Number.NaN],
    ["structured-clone", { a: undefined }],
    ["structured-clone", 12345678901234567890n],
    ["structured-clone", new Map<unknown, unknown>([[{ k: 1 }, new Set([new Date(0)])]])],
    ["structured-clone", new Float32Array([1.5])],
    ["bytes", new Uint8Array()],
    ["bytes", Uint8Array.from({ length: 100_000 }, (_, i) => i % 256)],
    ["buffer", Buffer.from("text")],
  ])("come back exactly, as %s", async (format, value) => {
    await store(value);
    const found = await load();
    expect(found).toStrictEqual(value);
    expect(Object.is(found, value) || typeof value === "object").toBe(true);
    expect(await manager.inspect?.(inputContext("shop/sales"))).toMatchObject({ handler: format });
  });
});
