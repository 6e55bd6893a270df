import { describe, expect, it } from "vitest";
import { kind } from "../io/manager.ts";
import { fakeProject, memory } from "./fixture.ts";
import { openTarget } from "./target.ts";

describe("openTarget", () => {
  const asset = (ioManager = "ioManager") => ({ key: "a", ioManager });

  it("says which I/O manager an asset has, and why", () => {
    const { target, manager } = fakeProject({}, { bindings: { warehouse: memory("duckdb") } });
    expect(target.managerOf(asset())).toMatchObject({ manager, key: "ioManager", name: "memory", why: "default" });
    expect(target.managerOf(asset("warehouse"))).toMatchObject({ key: "warehouse", name: "duckdb", why: "asset" });
    expect(target.managerOf(asset(), "warehouse")).toMatchObject({ name: "duckdb" });
  });

  it("falls back where the target binds no default, with one I/O manager per target", () => {
    const made: string[] = [];
    const { project } = fakeProject({}, { target: { bindings: {} } });
    const target = openTarget(project.config, "local", {
      fallback: (name) => {
        made.push(name);
        return memory("files");
      },
    });
    expect(made).toEqual([]);
    expect(target.managerOf(asset())).toMatchObject({ name: "files", why: "fallback" });
    expect(target.managerOf(asset()).manager).toBe(target.managerOf({ key: "b", ioManager: "ioManager" }).manager);
    expect(made).toEqual(["local"]);
  });

  it("refuses a target that the config does not have, with the name probably meant", () => {
    const { project } = fakeProject({}, { targets: { prod: { protected: true, bindings: {} } } });
    expect(() => openTarget(project.config, "prdo", { fallback: () => memory() })).toThrow(
      expect.objectContaining({ code: "config/unknown-target", hint: 'Did you mean "prod"?' }),
    );
    expect(() => openTarget(project.config, "toString", { fallback: () => memory() })).toThrow(
      expect.objectContaining({ code: "config/unknown-target" }),
    );
  });

  it("refuses to read missing inputs from itself, or from a target that is not there", () => {
    const open = (readFrom: string) => () => fakeProject({}, { target: { readFrom } });
    expect(open("local")).toThrow(expect.objectContaining({ code: "config/invalid" }));
    expect(open("nowhere")).toThrow(expect.objectContaining({ code: "config/unknown-target" }));
  });

  it("releases and closes every I/O manager once, though it be bound twice, and says what did not close", async () => {
    const calls: string[] = [];
    const one = memory("one", { close: async () => void calls.push("close one"), release: async () => void calls.push("release one") });
    const bad = memory("bad", {
      close: () => {
        throw new Error("jammed");
      },
    });
    const resource = { [kind]: "resource" as const, open: () => 1, close: () => void calls.push("never") };
    const { target } = fakeProject({}, { manager: one, bindings: { again: one, bad, resource } });
    await target.release();
    await expect(target.close()).rejects.toThrow("jammed");
    expect(calls).toEqual(["release one", "close one"]);
  });
});
