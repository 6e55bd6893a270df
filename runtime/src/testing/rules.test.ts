import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { sql } from "../handlers/sql.ts";
import { type BehaviourSubject, ioManagerBehaviour } from "../testing.ts";
import { handlers } from "./handlers.fixture.ts";

it("the table of rules names the cases that hold each, and no others", () => {
  const groups = new Map<string, Set<string>>();
  let group = "";
  const subject: BehaviourSubject = {
    name: "any",
    create: () => ({}) as never,
    module: "any",
    handlers,
    sharedByProcesses: true,
    storesValues: true,
    showsStaged: true,
    supports: ["partitions", "append", "upsert"],
    secrets: ["any"],
    endlessQuery: sql`select 1`,
  };
  ioManagerBehaviour(subject, {
    describe: (name, body) => {
      const outer = group;
      group = outer === "" ? "outermost" : name;
      body();
      group = outer;
    },
    it: (name) => {
      for (const rule of /\(rule ([\d, ]+)\)$/.exec(name)?.[1]?.split(", ") ?? ["none"]) {
        if (group !== "outermost") groups.set(rule, (groups.get(rule) ?? new Set()).add(group));
      }
    },
  });
  const page = readFileSync(join(import.meta.dirname, "../../../docs/reference/testing.md"), "utf8");
  const table = page.slice(page.indexOf("### The rules and their cases"));
  const said = [...table.matchAll(/^\| (\d+) +\| .+ \| (.+?) +\|$/gm)].map(([, rule = "", cases = ""]) => [rule, cases.split("; ").sort()]);
  expect(said).toEqual(Array.from({ length: 13 }, (_, i) => [String(i + 1), [...(groups.get(String(i + 1)) ?? [])].sort()]));
  expect(groups.has("none")).toBe(false);
});
