import { describe, expect, it } from "vitest";
import { z } from "zod";
import { staticPartitions } from "../assets/partitions.ts";
import type { RunEvent } from "../model/events.ts";
import { fakeProject, materialize } from "./fixture.ts";

const schema = z.object({ id: z.string().transform((text) => Number(text)), owner: z.string() });
const asynchronous = z.object({ id: z.string().transform(async (text) => Number(text)), owner: z.string() });

async function storing(rowSchema: z.ZodType, value: unknown) {
  const fake = fakeProject({ sales: { rowSchema, run: () => value } });
  const { events } = await materialize(fake, "*");
  const failed = events.find((event) => event.type === "step-failed") as Extract<RunEvent, { type: "step-failed" }> | undefined;
  return { stored: fake.manager.values.get("sales")?.value, error: failed?.error };
}

describe("a rowSchema", () => {
  it("stores what it gives back for each row, whatever the I/O manager makes of rows", async () => {
    for (const rowSchema of [schema, asynchronous]) {
      const { stored } = await storing(rowSchema, [{ id: "12", owner: "a", extra: true }]);
      expect(stored).toEqual([{ id: 12, owner: "a" }]);
    }
  });

  it("refuses a row before anything is stored, naming row and field", async () => {
    const wrong = [
      { id: "1", owner: "a" },
      { id: "2", owner: 3 },
    ];
    const { stored, error } = await storing(schema, wrong);
    expect(stored).toBeUndefined();
    expect(error).toMatchObject({ code: "run/invalid-row", message: expect.stringContaining('Field "owner" of row 2 of asset "sales"') });
  });

  it("refuses what is no array of rows, rather than storing it unchecked", async () => {
    const shown = [
      [new Map([["id", "1"]]), "a Map"],
      [{ id: "1" }, "an object"],
      ["text", '"text"'],
    ] as const;
    for (const [value, said] of shown) {
      const { stored, error } = await storing(schema, value);
      expect(stored).toBeUndefined();
      expect(error).toMatchObject({
        code: "io/unsupported-value",
        asset: "sales",
        message: `sales has a rowSchema, which checks an array of rows, and returned ${said}.`,
        hint: expect.stringContaining("assetCheck()"),
      });
    }
  });

  it("holds each partition's rows to it", async () => {
    const fake = fakeProject({
      sales: {
        rowSchema: schema,
        range: true,
        partitions: staticPartitions(["a", "b"]),
        run: () =>
          new Map([
            ["a", [{ id: "1", owner: "x" }]],
            ["b", [{ id: 2, owner: "x" }]],
          ]),
      },
    });
    const { events } = await materialize(fake, "*", { partitions: ["a", "b"] });
    expect(fake.manager.values.get("sales a")?.value).toEqual([{ id: 1, owner: "x" }]);
    expect(fake.manager.values.has("sales b")).toBe(false);
    expect(events.find(({ type }) => type === "step-failed")).toMatchObject({ error: { code: "run/invalid-row" } });
  });
});
