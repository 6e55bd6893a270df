import { expect, it } from "vitest";
import { createActivity } from "./activity.ts";

it("is idle when everything that began, and what that began, has ended, well or not", async () => {
  const { track, whenIdle } = createActivity();
  const log: string[] = [];
  const inner = async () => {
    await Promise.resolve();
    log.push("inner");
  };
  const outer = async () => {
    await Promise.resolve();
    log.push("outer");
    void track(inner());
    throw new Error("failed");
  };
  track(outer()).catch(() => log.push("told"));
  await whenIdle();
  expect(log.sort()).toEqual(["inner", "outer", "told"]);
});
