import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createDocuments } from "../documents.ts";
import { createIndexer } from "../indexer.ts";
import { memoryDisk } from "../testing/memory-disk.ts";
import { createCache } from "./cache.ts";
import { readFacts } from "./files.ts";
import { createWorkspace } from "./workspace.ts";

const asset = (key: string) => `import { asset } from "sluice";\nexport const a = asset("${key}", { deps: ["b"] });\n`;
const files = { "/p/a.ts": asset("a"), "/p/b.ts": asset("b"), "/p/plain.ts": "export const x = 1;\n", "/p/broken.ts": `${asset("c")}(` };

let storage: string;
beforeEach(() => {
  storage = mkdtempSync(path.join(tmpdir(), "sluice-cache-"));
});
afterEach(() => rmSync(storage, { recursive: true, force: true }));

/** A session over a disk; gives its assets' keys and the files that it had to read. */
async function index(disk: ReturnType<typeof memoryDisk>, warnings: string[] = []) {
  const read: string[] = [];
  const spied = {
    ...disk,
    read: (file: string) => {
      read.push(file);
      return disk.read(file);
    },
  };
  const workspace = createWorkspace({ disk: spied, load: (file) => readFacts(file, spied, { always: true }) });
  const cache = createCache(storage, (message) => warnings.push(message));
  const indexer = createIndexer({ workspace, disk: spied, documents: createDocuments(), cache, onChange: () => {} });
  await indexer.addFolders(["/p"]);
  await indexer.save();
  indexer.close();
  const assets = [...workspace.nodes.keys()].map((id) => workspace.describe(id));
  return { assets: assets.sort((a, b) => (a!.id < b!.id ? -1 : 1)), read: read.sort() };
}

describe("the cache", () => {
  it("spares reading what did not change, and gives the same index", async () => {
    const disk = memoryDisk(files);
    const cold = await index(disk);
    expect(cold.read).toEqual(Object.keys(files).sort());
    const warm = await index(disk);
    // What does not parse depends on what it was before, so it is read again.
    expect(warm.read).toEqual(["/p/broken.ts"]);
    expect(warm.assets).toEqual(cold.assets);
  });

  it("reads what was written, came or went since", async () => {
    const disk = memoryDisk(files);
    await index(disk);
    disk.write("/p/a.ts", asset("changed"));
    disk.write("/p/new.ts", asset("new"));
    disk.remove("/p/b.ts");
    const { assets, read } = await index(disk);
    expect(read).toEqual(["/p/a.ts", "/p/broken.ts", "/p/new.ts"]);
    expect(assets.map((each) => each!.key)).toEqual(["changed", "c", "new"]);
  });

  it.each([
    ["of another version", (text: string) => text.replace(/^sluice index \d+/, "sluice index 0")],
    ["cut short", (text: string) => text.slice(0, text.length / 2)],
    ["of nonsense", () => "\0\n\t"],
    ["that is empty", () => ""],
  ])("%s counts for nothing", async (_, damage) => {
    const disk = memoryDisk(files);
    const cold = await index(disk);
    const [name] = readdirSync(storage);
    const file = path.join(storage, name!);
    writeFileSync(file, damage(readFileSync(file, "utf8")));
    const again = await index(disk);
    expect(again.read).toEqual(Object.keys(files).sort());
    expect(again.assets).toEqual(cold.assets);
  });

  it("that cannot be written is told, and leaves no temporary file", async () => {
    const disk = memoryDisk(files);
    await index(disk);
    expect(readdirSync(storage)).toHaveLength(1);
    rmSync(storage, { recursive: true });
    writeFileSync(storage, "a file where the folder should be");
    const warnings: string[] = [];
    expect((await index(disk, warnings)).assets).toHaveLength(3);
    expect(warnings).toEqual([expect.stringContaining("The index was not saved")]);
  });
});
