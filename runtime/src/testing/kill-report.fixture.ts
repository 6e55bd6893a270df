import { afterAll, expect } from "vitest";
import type { KillOutcome } from "../testing.ts";

/** Holds the kills of one manager to having hit its writes before and after the moment at which the value changes, and says how often. */
export function reportKills(name: string): (outcome: KillOutcome) => void {
  const outcomes: KillOutcome[] = [];
  const sum = (of: keyof KillOutcome): number => outcomes.reduce((total, outcome) => total + outcome[of], 0);
  afterAll(() => {
    if (outcomes.length === 0) return;
    expect({ former: sum("former"), new: sum("new"), staged: sum("staged") }).not.toMatchObject({ former: 0 });
    expect(sum("new")).toBeGreaterThan(0);
    expect(sum("staged")).toBeGreaterThan(0);
    console.log(
      `${name}: ${sum("processes")} processes killed in the middle of ${sum("former") + sum("new")} writes: ` +
        `${sum("former")} left the former value, ${sum("new")} the new one; ${sum("staged")} kills left something for the next write to remove.`,
    );
  });
  return (outcome) => void outcomes.push(outcome);
}
