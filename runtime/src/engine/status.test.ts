import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { describe, expect, it } from "vitest";
import type { InputContext } from "../io/manager.ts";
import { SluiceError } from "../model/errors.ts";
import { type FakeAsset, type FakeProject, fakeClock, fakeProject, materialize, memory } from "./fixture.ts";
import { type History, openHistory } from "./history.ts";
import { assetStatus } from "./status.ts";

const list = (more: Readonly<Record<string, FakeAsset>> = {}) => ({
  raw: {},
  clean: { inputs: { raw: "raw" } },
  report: { inputs: { clean: "clean" } },
  beside: {},
  ...more,
});
const words = async (fake: FakeProject, history?: History, keys?: readonly string[]) =>
  (await assetStatus({ ...fake, ...(history ? { history } : {}), ...(keys ? { keys } : {}) })).map(({ key, state, reason, because }) =>
    [key, state, ...(reason ? [reason] : []), ...(because ? [because] : [])].join(", "),
  );
async function withHistory(use: (history: History) => Promise<void>) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "sluice-status-"));
  const history = openHistory(folder);
  try {
    await use(history);
  } finally {
    history.close();
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

describe("assetStatus", () => {
  it("is missing before, fresh after, and knows when, how and by which run", async () => {
    const clock = fakeClock();
    const fake = fakeProject(list());
    expect(await words(fake)).toEqual(["raw, missing", "clean, missing", "report, missing", "beside, missing"]);
    const { summary } = await materialize(fake, "+report", { clock });
    expect(await words(fake)).toEqual(["raw, fresh", "clean, fresh", "report, fresh", "beside, missing"]);
    expect((await assetStatus({ ...fake, keys: ["report"] }))[0]).toEqual({
      key: "report",
      state: "fresh",
      storedAt: clock.now(),
      runId: summary.runId,
    });
  });

  it("is stale when the code changed, and downstream with it, each naming its cause", async () => {
    const fake = fakeProject(list());
    await materialize(fake, "*");
    const edited = fakeProject(list({ raw: { codeVersion: "2" } }), { manager: fake.manager });
    expect(await words(edited)).toEqual([
      "raw, stale, code changed",
      "clean, stale, raw is stale, raw",
      "report, stale, clean is stale, clean",
      "beside, fresh",
    ]);
    await materialize(edited, "raw");
    expect(await words(edited)).toEqual(["raw, fresh", "clean, stale, raw changed, raw", "report, stale, clean is stale, clean", "beside, fresh"]);
    await materialize(edited, "clean or report");
    expect(await words(edited)).toEqual(["raw, fresh", "clean, fresh", "report, fresh", "beside, fresh"]);
  });

  it("stays fresh when upstream made the same version again", async () => {
    const fake = fakeProject(list());
    await materialize(fake, "*");
    await materialize(fake, "clean");
    expect(await words(fake, undefined, ["report"])).toEqual(["report, fresh"]);
  });

  it("is stale when it depends on something new, or upstream is gone", async () => {
    const fake = fakeProject(list());
    await materialize(fake, "*");
    const more = fakeProject(list({ report: { inputs: { clean: "clean" }, deps: ["beside"] } }), { manager: fake.manager });
    expect(await words(more, undefined, ["report"])).toEqual(["report, stale, now depends on beside, beside"]);
    fake.manager.values.delete("clean");
    expect(await words(fake, undefined, ["clean", "report"])).toEqual(["clean, missing", "report, stale, clean is missing, clean"]);
  });

  it("is failed when the last attempt failed, until the store has something newer", () =>
    withHistory(async (history) => {
      const clock = fakeClock();
      const fake = fakeProject(list());
      await materialize(fake, "raw", { history, clock });
      const broken = fakeProject(
        list({
          raw: {
            run: () => {
              throw new Error("boom");
            },
          },
        }),
        { manager: fake.manager },
      );
      await clock.advance(1000);
      await materialize(broken, "raw", { history, clock });
      const [status] = await assetStatus({ ...fake, history, keys: ["raw"] });
      expect(status).toMatchObject({
        state: "failed",
        error: { message: "boom" },
        failedAt: clock.now(),
        storedAt: clock.now() - 1000,
        place: "memory:raw",
      });
      await clock.advance(1000);
      // Somebody else's machine: its success is not in this history.
      await materialize(fake, "raw", { clock });
      expect(await words(fake, history, ["raw"])).toEqual(["raw, fresh"]);
    }));

  it("shows the failure of what was never stored", () =>
    withHistory(async (history) => {
      const fake = fakeProject({
        a: {
          run: () => {
            throw new Error("boom");
          },
        },
      });
      await materialize(fake, "a", { history });
      expect(await words(fake, history)).toEqual(["a, failed"]);
    }));

  it("knows from the history what assets stored themselves", () =>
    withHistory(async (history) => {
      const own = { a: { run: () => undefined }, b: { deps: ["a"], run: () => undefined } };
      const fake = fakeProject(own);
      expect(await words(fake, history)).toEqual(["a, missing", "b, missing"]);
      await materialize(fake, "*", { history });
      expect(await words(fake, history)).toEqual(["a, fresh", "b, fresh"]);
      await materialize(fake, "a", { history });
      expect(await words(fake, history)).toEqual(["a, fresh", "b, stale, a changed, a"]);
      // A table that such an asset wrote lies where its I/O manager looks, and has no record.
      const manager = memory("shelf", { inspect: async () => ({}) });
      expect(await words(fakeProject(own, { manager }), history)).toEqual(["a, fresh", "b, stale, a changed, a"]);
    }));

  it("is unknown, with the reason, where a store cannot be asked; other stores are shown all the same", () =>
    withHistory(async (history) => {
      let asked = 0;
      let locked = false;
      const base = memory("duckdb");
      const inspect = async (context: InputContext) => {
        asked++;
        if (locked) throw new SluiceError("io/locked", "DBeaver (pid 7) has sales.duckdb open.");
        return base.inspect!(context);
      };
      const other = memory("other");
      const many = Object.fromEntries(Array.from({ length: 50 }, (_, i): [string, FakeAsset] => [`m${i}`, {}]));
      const fake = fakeProject({ ...many, z: { ioManager: "other", deps: ["m0"] } }, { manager: { ...base, inspect }, bindings: { other } });
      await materialize(fake, "*", { history });
      locked = true;
      asked = 0;
      const all = await assetStatus({ ...fake, history });
      expect(all.filter(({ state }) => state === "unknown")).toHaveLength(50);
      expect(all.find(({ key }) => key === "m7")).toMatchObject({
        state: "unknown",
        reason: "DBeaver (pid 7) has sales.duckdb open.",
        place: "duckdb:m7",
        storedAt: expect.any(Number),
      });
      expect(all.find(({ key }) => key === "z")).toMatchObject({ state: "fresh" });
      expect(asked).toBe(1);
    }));

  it("asks a store no more that went away in the middle", async () => {
    let asked = 0;
    const inspect = async () => {
      if (++asked > 5) throw new SluiceError("io/unavailable", "gone");
      return undefined;
    };
    const many = Object.fromEntries(Array.from({ length: 200 }, (_, i): [string, FakeAsset] => [`m${i}`, {}]));
    const all = await assetStatus(fakeProject(many, { manager: memory("far", { inspect }) }));
    expect(all.filter(({ state }) => state === "missing")).toHaveLength(5);
    expect(all.filter(({ reason }) => reason === "gone")).toHaveLength(195);
    expect(asked).toBeLessThan(40);
  });

  it("knows of a store that cannot say what it holds only what this machine did", () =>
    withHistory(async (history) => {
      const { inspect: _, ...mute } = memory("mute");
      const fake = fakeProject({ a: {} }, { manager: mute });
      expect(await words(fake, history)).toEqual(["a, unknown, its I/O manager cannot say what is stored"]);
      await materialize(fake, "a", { history });
      expect(await words(fake, history)).toEqual(["a, fresh"]);
    }));

  it("does not take for its own what another asset stored in the same place", async () => {
    const record = {
      version: 1,
      key: "other",
      runId: "r",
      step: "other",
      attempt: 1,
      handler: "rows",
      dataVersion: "1",
      storedAt: "2026-01-01T00:00:00.000Z",
    } as const;
    const manager = memory("shelf", { inspect: async () => record });
    expect(await words(fakeProject({ a: {}, s: { source: true } }, { manager }))).toEqual(["a, missing", "s, fresh"]);
  });

  it("does not call a value without a record fresh, unless it is a source", async () => {
    const manager = memory("shelf", { inspect: async () => ({}) });
    expect(await words(fakeProject({ a: {}, s: { source: true } }, { manager }))).toEqual([
      "a, unknown, what is stored has no record of how it was made",
      "s, fresh",
    ]);
  });

  it("asks one store many questions at a time, and not all at once", async () => {
    let running = 0;
    let most = 0;
    const inspect = async () => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setImmediate(resolve));
      running--;
      return undefined;
    };
    const many = Object.fromEntries(Array.from({ length: 100 }, (_, i): [string, FakeAsset] => [`m${i}`, {}]));
    await assetStatus(fakeProject(many, { manager: memory("slow", { inspect }) }));
    expect(most).toBe(16);
  });

  it("answers in the order asked, for the keys that exist", async () => {
    expect(await words(fakeProject(list()), undefined, ["report", "nowhere", "raw"])).toEqual(["report, missing", "raw, missing"]);
  });
});
