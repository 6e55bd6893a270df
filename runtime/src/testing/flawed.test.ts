import { afterEach, expect, it, vi } from "vitest";
import { arrow } from "../handlers/arrow.ts";
import { rows } from "../handlers/rows.ts";
import { ioManagerBehaviour } from "../testing.ts";
import type { Rule } from "./cases.ts";
import { flawedSubject, flaws } from "./flawed.fixture.ts";
import * as inPlace from "./in-place.fixture.ts";
import * as neverSweeps from "./never-sweeps.fixture.ts";
import type { BehaviourSubject } from "./subject.ts";

interface Case {
  readonly name: string;
  readonly body: () => Promise<void>;
}
function casesFor(subject: BehaviourSubject, rule: Rule): readonly Case[] {
  const cases: Case[] = [];
  ioManagerBehaviour(subject, { describe: (_, body) => body(), it: (name, body) => cases.push({ name, body }) });
  return cases.filter(({ name }) => /\(rule ([\d, ]+)\)$/.exec(name)?.[1]?.split(", ").includes(String(rule)));
}
/** The first case of a rule that fails, with what it says; of those with `among` in their names. */
async function firstFailure(subject: BehaviourSubject, rule: Rule, among = ""): Promise<string> {
  for (const { name, body } of casesFor(subject, rule).filter(({ name }) => name.includes(among))) {
    try {
      await body();
    } catch (error) {
      return `${name}: ${String(error)} ${String((error as Error).cause ?? "")}`;
    }
  }
  return "no case failed";
}

it("knows a flaw for every rule", () => {
  expect(new Set(flaws.map(({ rule }) => rule)).size).toBe(13);
});

it.each(flaws)("catches an I/O manager that $name, by rule $rule", async (flaw) => {
  expect(await firstFailure(flawedSubject(flaw), flaw.rule)).toMatch(flaw.says);
});

it.each([
  // A torn file is read as another value, or not at all: then the reader of Arrow files throws what it throws.
  {
    name: "writes over the former value",
    create: inPlace.create,
    module: "./in-place.fixture.ts",
    rule: 3,
    says: /Expected to read|neither write|TypeError/,
  },
  {
    name: "leaves what a killed process left",
    create: neverSweeps.create,
    module: "./never-sweeps.fixture.ts",
    rule: 11,
    says: /what lies in the store after/,
  },
] as const)("catches an I/O manager that $name, by killing its process", async ({ name, create, module, rule, says }) => {
  vi.stubEnv("SLUICE_KILLS", "24");
  const subject = { name, create, module: new URL(module, import.meta.url).href, handlers: [rows(), arrow] };
  expect(await firstFailure(subject, rule, "killed in the middle")).toMatch(says);
});
afterEach(() => vi.unstubAllEnvs());
