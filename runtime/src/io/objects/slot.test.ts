import { link, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { StoredRecord } from "../../model/values.ts";
import { inputContext, outputContext } from "../../testing/contexts.ts";
import { filesystem } from "../filesystem.ts";
import { localStore } from "./local-store.ts";
import { thisProcess } from "./owners.ts";
import { objectPaths } from "./paths.ts";
import { remoteStore } from "./remote.fixture.ts";
import { openSlots, type SlotRecord } from "./slot.ts";
import type { ObjectStore } from "./store.ts";

const paths = objectPaths("shop/sales");
const record = (step: string): StoredRecord => ({
  version: 1,
  key: "shop/sales",
  handler: "json",
  runId: "r",
  step,
  attempt: 1,
  dataVersion: step,
  storedAt: "2026-01-01T00:00:00.000Z",
});

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "sluice-slot-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const put = (store: ObjectStore, text: string, options: { extension?: string; signal?: AbortSignal; fail?: boolean } = {}) =>
  openSlots(store).replace(
    paths,
    {
      run: "run",
      extension: options.extension ?? "json",
      signal: options.signal ?? new AbortController().signal,
      warn: (message) => {
        throw new Error(message);
      },
    },
    async (path) => {
      await store.put(path, Buffer.from(text));
      if (options.fail) throw new Error("no");
      return { record: record(text) };
    },
  );
const textOf = async (store: ObjectStore): Promise<string | undefined> => {
  const found = await openSlots(store).read(paths);
  const object = found?.data === undefined ? undefined : await store.get(`${paths.slot}/${found.data}`);
  return object && Buffer.from(object.bytes).toString();
};
const names = async (store: ObjectStore): Promise<readonly string[]> =>
  (await store.list(paths.slot)).map(({ path }) => path.slice(path.lastIndexOf("/") + 1)).sort();
/** Names that a dead process of this machine left. */
const dead = (extension: string): string => `gone~${thisProcess().host}~2147483646~1~0~1.${extension}`;

describe.each([
  ["a folder", () => localStore(() => folder)],
  ["a bucket", () => remoteStore()],
])("a slot in %s", (_, open) => {
  it("holds one whole value of many concurrent writers, and nothing else once they have ended", async () => {
    const store = open();
    const texts = Array.from({ length: 20 }, (_, i) => `value ${i} `.repeat(1000));
    await Promise.all(texts.map((text) => put(store, text)));
    expect(texts).toContain(await textOf(store));
    await put(store, "last");
    expect(await textOf(store)).toBe("last");
    if (store.local) expect((await names(store)).length).toBe(2);
  });

  it("keeps the former value when the write fails or is cancelled, and leaves nothing", async () => {
    const store = open();
    await put(store, "former");
    const before = await names(store);
    await expect(put(store, "failed", { fail: true })).rejects.toThrow("no");
    const cancelled = new AbortController();
    cancelled.abort(new Error("stop"));
    await expect(put(store, "cancelled", { signal: cancelled.signal })).rejects.toThrow("stop");
    expect(await textOf(store)).toBe("former");
    expect(await names(store)).toEqual(before);
  });

  it("keeps a value whose record was put although putting it reported an error", async () => {
    const store = open();
    await put(store, "former");
    const failing: ObjectStore = {
      ...store,
      put: async (path, bytes, options) => {
        await store.put(path, bytes, options);
        if (path.endsWith("record")) throw new Error("the answer was lost");
      },
    };
    await expect(put(failing, "new")).rejects.toThrow("lost");
    expect(await textOf(store)).toBe("new");
  });

  it("is empty after remove, and takes a value again", async () => {
    const store = open();
    const slots = openSlots(store);
    expect(await slots.remove(paths)).toBe(false);
    await put(store, "one");
    expect(await slots.remove(paths)).toBe(true);
    expect(await textOf(store)).toBeUndefined();
    expect(await slots.hold(paths)).toBeUndefined();
    await put(store, "two");
    expect(await textOf(store)).toBe("two");
  });
});

describe("a slot in a folder", () => {
  const shown = (extension = "json") => readFile(join(folder, `shop/sales.${extension}`), "utf8");

  it("shows the value under the asset's name, also after it changed its format", async () => {
    const store = localStore(() => folder);
    await put(store, "one");
    expect(await shown()).toBe("one");
    await put(store, "two", { extension: "bin" });
    expect(await shown("bin")).toBe("two");
    expect(await readdir(join(folder, "shop"))).toEqual(["sales.bin"]);
    await openSlots(store).remove(paths);
    expect(await readdir(join(folder, "shop"))).toEqual([]);
  });

  it("keeps data that a reader holds until it lets go", async () => {
    const store = localStore(() => folder);
    const slots = openSlots(store);
    await put(store, "one");
    const held = (await slots.hold(paths))!;
    await put(store, "two");
    await put(store, "three");
    expect(Buffer.from((await store.get(`${paths.slot}/${held.record.data}`))!.bytes).toString()).toBe("one");
    expect((await names(store)).filter((name) => name.endsWith(".json-data")).length).toBe(2);
    await held.release();
    await put(store, "four");
    expect(await names(store)).toEqual([(await slots.read(paths))!.data, "record"].sort());
  });

  it("removes what a dead process left, and only that", async () => {
    const store = localStore(() => folder);
    await put(store, "one");
    const slot = join(folder, paths.slot);
    const kept = [
      `alive~${thisProcess().host}~${process.ppid}~1~0~1.json`.replace("~1~0", `~${await startOf(process.ppid)}~0`),
      "far~elsewhere~1~1~0~1.parquet",
      "note.txt",
    ];
    const current = (await openSlots(store).read(paths))!.data!;
    for (const name of [...kept, dead("parquet"), dead("part"), `${current}@${dead("lease")}`]) await writeFile(join(slot, name), "x");
    await put(store, "two");
    expect(await names(store)).toEqual([...kept, "record", (await openSlots(store).read(paths))!.data!].sort());
  });

  it("puts right what people see when the writer died before it could", async () => {
    const store = localStore(() => folder);
    await put(store, "one");
    const former = (await store.get(`${paths.slot}/record`))!;
    await put(store, "two", { extension: "bin" });
    // as after a kill between the record and the name that people see
    await rm(join(folder, "shop/sales.bin"));
    await mkdir(join(folder, "shop"), { recursive: true });
    await writeFile(join(folder, "shop/sales.json"), "one");
    const record = {
      ...(await openSlots(store).read(paths))!,
      replaced: [{ data: (JSON.parse(Buffer.from(former.bytes).toString()) as SlotRecord).data!, at: "2026-01-01T00:00:00Z" }],
    };
    await openSlots(store).show(paths, record);
    expect(await shown("bin")).toBe("two");
    expect(await readdir(join(folder, "shop"))).toEqual(["sales.bin"]);
  });

  it("that was deleted is nothing, although its file is still seen for a moment", async () => {
    const manager = filesystem({ baseDir: folder });
    const at = { partitions: ["EU"], slices: [{ key: "EU", dimensions: [{ name: "region", key: "EU" }] }] };
    await manager.handleOutput(outputContext("shop/sales"), { n: 1 });
    await manager.handleOutput(outputContext("shop/parts", at), { n: 1 });
    const seen = ["shop/sales.json", "shop/parts/region=EU.json"].map((path) => join(folder, path));
    for (const path of seen) await link(path, `${path}.kept`);
    await manager.delete?.(inputContext("shop/sales"));
    await manager.delete?.(inputContext("shop/parts"));
    // as between the record and the file, or when the process was killed there
    for (const path of seen) await rename(`${path}.kept`, path);
    await expect(manager.loadInput(inputContext("shop/sales"))).rejects.toMatchObject({ code: "io/not-found" });
    await expect(manager.loadInput(inputContext("shop/parts", at))).rejects.toMatchObject({ code: "io/not-found" });
    expect(await manager.inspect?.(inputContext("shop/sales"))).toBeUndefined();
    expect(await manager.list?.(inputContext("shop/parts"))).toEqual([]);
    // what another program puts there afterwards is read
    for (const path of seen) await writeFile(path, '{"n":2}');
    expect(await manager.loadInput(inputContext("shop/sales"))).toEqual({ n: 2 });
    expect(await manager.list?.(inputContext("shop/parts"))).toEqual(["EU"]);
    expect(await manager.loadInput(inputContext("shop/parts", at))).toEqual({ n: 2 });
    await manager.close?.();
  });

  it("says what is wrong with a record it cannot read", async () => {
    const store = localStore(() => folder);
    await put(store, "one");
    await writeFile(join(folder, paths.slot, "record"), '{"layout":');
    await expect(openSlots(store).read(paths)).rejects.toMatchObject({ code: "io/unavailable" });
    await writeFile(join(folder, paths.slot, "record"), '{"layout":2}');
    await expect(openSlots(store).read(paths)).rejects.toThrow(/has layout 2/);
  });

  it("reads only the old or the new value while it is written", async () => {
    const store = localStore(() => folder);
    const slots = openSlots(store);
    await put(store, "value 0");
    let ended = false;
    const seen = new Set<string>();
    const reading = (async () => {
      while (!ended) {
        const held = (await slots.hold(paths))!;
        const object = await store.get(`${paths.slot}/${held.record.data}`);
        seen.add(Buffer.from(object!.bytes).toString());
        await held.release();
      }
    })();
    for (let i = 1; i <= 30; i += 1) await put(store, `value ${i}`);
    ended = true;
    await reading;
    for (const text of seen) expect(text).toMatch(/^value \d+$/);
    expect(seen.size).toBeGreaterThan(1);
  });
});

describe("a slot in a bucket", () => {
  it("keeps a replaced value for readers that leave no mark, and removes it a day later", async () => {
    let now = Date.parse("2026-01-01T00:00:00Z");
    const store = remoteStore(new Map(), () => now);
    const slots = openSlots(store, () => now);
    const replace = (text: string) =>
      slots.replace(paths, { run: "run", extension: "json", signal: new AbortController().signal, warn: () => {} }, async (path) => {
        await store.put(path, Buffer.from(text));
        return { record: record(text) };
      });
    const first = await replace("one");
    now += 72 * 3_600_000;
    await replace("two");
    expect(await names(store)).toContain(first.data);
    now += 25 * 3_600_000;
    await replace("three");
    expect(await names(store)).not.toContain(first.data);
  });
});

async function startOf(pid: number): Promise<string> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, "latin1");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19]!;
  } catch {
    return "1"; // without /proc every start counts as the same process
  }
}
