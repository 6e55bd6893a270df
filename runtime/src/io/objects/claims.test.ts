import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { whileUnchanged } from "./claims.ts";
import { localStore } from "./local-store.ts";
import { ownedName, thisProcess } from "./owners.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "sluice-claims-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const store = () => localStore(() => folder);
const text = async () => Buffer.from((await store().get("n"))!.bytes).toString();
/** A process that has ended. */
const dead = `gone~${thisProcess().host}~2147483646~1~0~1.part`;

/** Adds one to the number in the file, `count` times, and says so each time. */
const adding = `
  const { localStore } = await import(process.argv[1]);
  const store = localStore(() => process.argv[2]);
  process.stdout.write("ready\\n");
  await new Promise((go) => process.stdin.once("data", go));
  for (let left = Number(process.argv[3]); left > 0; ) {
    const found = await store.get("n");
    const { version } = found;
    try {
      await store.put("n", Buffer.from(String(Number(Buffer.from(found.bytes)) + 1)), { ifVersion: version });
      process.stdout.write("added\\n");
      left -= 1;
    } catch (error) {
      if (error.code !== "io/conflict") throw error;
    }
  }
  process.exit(0);
`;
const start = (count: number): { readonly child: ChildProcess; readonly added: () => number; readonly closed: Promise<unknown> } => {
  const child = spawn(
    process.execPath,
    ["--no-warnings", "--input-type=module", "-e", adding, new URL("./local-store.ts", import.meta.url).href, folder, String(count)],
    { stdio: ["pipe", "pipe", "inherit"] },
  );
  let said = "";
  child.stdout!.on("data", (chunk: Buffer) => {
    said += chunk.toString();
  });
  return { child, added: () => said.split("added").length - 1, closed: once(child, "close") };
};
const begin = async (writers: readonly ReturnType<typeof start>[]): Promise<void> => {
  await Promise.all(writers.map(({ child }) => once(child.stdout!, "data")));
  for (const { child } of writers) child.stdin!.write("go\n");
};

describe("a file of a folder, put only while it is what it was", () => {
  it("is refused when it has changed, is gone, or is there already", async () => {
    await store().put("n", Buffer.from("1"), { ifVersion: null });
    await expect(store().put("n", Buffer.from("2"), { ifVersion: null })).rejects.toMatchObject({ code: "io/conflict" });
    const { version } = (await store().get("n"))!;
    await store().put("n", Buffer.from("2"), { ifVersion: version });
    await expect(store().put("n", Buffer.from("3"), { ifVersion: version })).rejects.toMatchObject({ code: "io/conflict" });
    expect(await text()).toBe("2");
    await rm(join(folder, "n"));
    await expect(store().put("n", Buffer.from("3"), { ifVersion: version })).rejects.toMatchObject({ code: "io/conflict" });
    expect(await readdir(folder)).toEqual([]);
  });

  it("loses nothing that four processes add at once", async () => {
    await writeFile(join(folder, "n"), "0");
    const writers = [0, 1, 2, 3].map(() => start(25));
    await begin(writers);
    await Promise.all(writers.map(({ closed }) => closed));
    expect(await text()).toBe("100");
    expect(await readdir(folder)).toEqual(["n"]);
  });

  it("goes on when processes are killed in the middle of it", async () => {
    await writeFile(join(folder, "n"), "0");
    const killed = [0, 1].map(() => start(1_000_000));
    await begin(killed);
    for (const { child, added } of killed) {
      while (added() < 40) await once(child.stdout!, "data");
      child.kill("SIGKILL");
    }
    await Promise.all(killed.map(({ closed }) => closed));
    const sum = killed.reduce((total, { added }) => total + added(), 0);
    const before = Number(await text());
    expect(before).toBeGreaterThanOrEqual(sum);
    expect(before).toBeLessThanOrEqual(sum + 2);
    const last = start(5);
    await begin([last]);
    await last.closed;
    expect(Number(await text())).toBe(before + 5);
    expect((await readdir(folder)).filter((name) => name.endsWith(".claim"))).toEqual([]);
  });

  it("waits for a living process, and says which one when that takes too long", async () => {
    const file = join(folder, "n");
    await writeFile(file, "1");
    await writeFile(`${file}~v~0.claim`, ownedName("claim", "part"));
    let time = 0;
    const later = () => {
      time += 10_000;
      return time;
    };
    const never = async () => expect.fail("replaced although another process was about to");
    await expect(whileUnchanged(file, "v", async () => "v", never, later)).rejects.toMatchObject({
      code: "io/unavailable",
      message: expect.stringContaining(`process ${process.pid}`),
      hint: expect.stringContaining(`${file}~v~0.claim`),
    });
    const gone = rm(`${file}~v~0.claim`);
    let replaced = 0;
    const replace = async () => {
      replaced += 1;
    };
    expect(await whileUnchanged(file, "v", async () => "v", replace)).toBe(true);
    await gone;
    expect(replaced).toBe(1);
    expect(await whileUnchanged(file, "v", async () => "other", replace)).toBe(false);
    expect(replaced).toBe(1);
  });

  it("does not wait for claims of dead processes, and removes them", async () => {
    await writeFile(join(folder, "n"), "1");
    const { version } = (await store().get("n"))!;
    for (const place of [0, 1, 2]) await writeFile(join(folder, `n~${version}~${place}.claim`), dead);
    await writeFile(join(folder, "n~former~0.claim"), dead);
    await store().put("n", Buffer.from("2"), { ifVersion: version });
    expect(await text()).toBe("2");
    expect(await readdir(folder)).toEqual(["n"]);
  });
});
