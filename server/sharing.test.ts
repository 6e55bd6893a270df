import { describe, expect, it } from "vitest";
import type { Parser } from "./parser.ts";
import { readShared } from "./sharing.ts";

const files = (count: number) => Array.from({ length: count }, (_, index) => ({ path: `/project/file${index}.ts`, size: 1 }));
const breathe = () => new Promise<void>((resolve) => setImmediate(resolve));

/** Reads them all, and gives who read what. */
async function read(count: number, startParser?: () => Parser) {
  const here: string[] = [];
  const there: string[] = [];
  await readShared(files(count), {
    here: async ({ path }) => {
      here.push(path);
      await breathe();
    },
    there: (path, packed) => there.push(`${path} ${packed}`),
    startParser,
  });
  return { here, there };
}
const names = (count: number) =>
  files(count)
    .map(({ path }) => path)
    .sort();

describe("files to read", () => {
  it("are read on this thread alone while they are few", async () => {
    const { here } = await read(100, () => expect.unreachable("another thread"));
    expect(here.toSorted()).toEqual(names(100));
  });

  it("are each read once, on either thread, when they are many", async () => {
    let closed = 0;
    const { here, there } = await read(3000, () => ({
      parse: async (some) => {
        await breathe();
        return some.map(({ path }) => (path.endsWith("7.ts") ? undefined : `facts of ${path}`));
      },
      close: () => closed++,
    }));
    expect([...here, ...there.map((each) => each.split(" ")[0]!)].sort()).toEqual(names(3000));
    expect(here.length).toBeGreaterThan(0);
    expect(there).toContain(`${there[0]!.split(" ")[0]} facts of ${there[0]!.split(" ")[0]}`);
    expect(closed).toBe(1);
  });

  it("are all read here when the other thread dies with some in hand", async () => {
    let asked = 0;
    const { here, there } = await read(3000, () => ({
      parse: async (some) => {
        await breathe();
        if (asked++ > 2) throw new Error("out of memory");
        return some.map(() => "facts");
      },
      close: () => {},
    }));
    expect(asked).toBeGreaterThan(3);
    expect([...here, ...there.map((each) => each.split(" ")[0]!)].sort()).toEqual(names(3000));
  });
});
