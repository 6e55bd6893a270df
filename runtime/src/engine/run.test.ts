import { describe, expect, it } from "vitest";
import type { RunEvent } from "../model/events.ts";
import { type FakeProject, fakeProject } from "./fixture.ts";
import { type ExecuteOptions, executeRun, planRun } from "./run.ts";

export async function materialize(
  { project, target }: FakeProject,
  selection: string,
  more: Partial<ExecuteOptions & { upstream: boolean; params: Record<string, unknown> }> = {},
) {
  const events: RunEvent[] = [];
  const { upstream, params, ...rest } = more;
  const history = rest.history ? { history: rest.history } : {};
  const plan = await planRun({
    project,
    target,
    selection,
    ...history,
    ...(upstream ? { upstream } : {}),
    ...(params ? { params } : {}),
    environment: {},
  });
  const summary = await executeRun({ project, target, plan, emit: (event) => events.push(event), ...rest });
  return { plan, summary, events };
}
/** Types of the events about a step, or of all. */
const story = (events: readonly RunEvent[], step?: string) =>
  events.filter((event) => step === undefined || ("step" in event && event.step === step)).map(({ type }) => type);

const sales = () =>
  fakeProject({
    raw_sales: {
      run: () => [
        { owner: "Ada", amount: 2 },
        { owner: "Bob", amount: null },
      ],
    },
    clean_sales: {
      inputs: { raw: "raw_sales" },
      run: ({ raw }) => (raw as { amount: number | null }[]).map((row) => ({ ...row, amount: row.amount ?? 0 })),
    },
    sales_summary: {
      inputs: { clean: "clean_sales" },
      run: ({ clean }) => (clean as { amount: number }[]).reduce((sum, row) => sum + row.amount, 0),
    },
  });

describe("a run", () => {
  it("loads inputs through the I/O manager, stores what run returns, and says so in order", async () => {
    const fake = sales();
    const { summary, events } = await materialize(fake, "*");
    expect(summary).toMatchObject({
      state: "succeeded",
      target: "local",
      selection: "*",
      assets: ["raw_sales", "clean_sales", "sales_summary"],
      failed: [],
    });
    expect(fake.manager.values.get("sales_summary")?.value).toBe(2);
    expect(fake.manager.calls).toEqual(["store raw_sales", "load raw_sales", "store clean_sales", "load clean_sales", "store sales_summary"]);
    expect(story(events)).toEqual([
      "run-queued",
      "run-started",
      ...["step-started", "output-stored", "materialized", "step-finished"],
      ...["step-started", "input-loaded", "output-stored", "materialized", "step-finished"],
      ...["step-started", "input-loaded", "output-stored", "materialized", "step-finished"],
      "run-finished",
    ]);
  });
});
