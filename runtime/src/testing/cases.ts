import type { TestRunner } from "./subject.ts";

/** A rule of docs/reference/testing.md, by its number. */
export type Rule = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10 | 11 | 12 | 13;

/** Where the suite puts its cases: each says which rules it holds. */
export interface Cases {
  readonly describe: (name: string, body: () => void) => unknown;
  readonly it: (rules: readonly Rule[], name: string, body: () => Promise<void>) => unknown;
}

/** Cases whose names end with their rules, so that whoever sees one fail knows which rule is broken. */
export const casesOf = ({ describe, it }: TestRunner): Cases => ({
  describe,
  it: (rules, name, body) => it(`${name} (rule ${rules.join(", ")})`, body),
});
