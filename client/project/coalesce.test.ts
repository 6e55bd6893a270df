import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { coalesce } from "./coalesce.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function setUp() {
  const ends: (() => void)[] = [];
  let active = 0;
  let most = 0;
  const work = vi.fn(async () => {
    most = Math.max(most, ++active);
    await new Promise<void>((resolve) => ends.push(resolve));
    active--;
  });
  return { work, end: () => ends.shift()?.(), most: () => most, loading: coalesce(work, 300) };
}

describe("work that is asked for often", () => {
  it("is done once after a quiet time", async () => {
    const { work, loading, end } = setUp();
    const asked = [loading.soon(), loading.soon()];
    await vi.advanceTimersByTimeAsync(200);
    asked.push(loading.soon());
    await vi.advanceTimersByTimeAsync(299);
    expect(work).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    end();
    await Promise.all(asked);
    expect(work).toHaveBeenCalledTimes(1);
  });

  it("is done once more for everything that was asked in the middle of it", async () => {
    const { work, loading, end, most } = setUp();
    const first = loading.now();
    const later = [loading.now(), loading.now()];
    end();
    await first;
    await vi.advanceTimersByTimeAsync(0);
    expect(work).toHaveBeenCalledTimes(2);
    end();
    await Promise.all(later);
    expect(work).toHaveBeenCalledTimes(2);
    expect(most()).toBe(1);
  });

  it("tells those who asked for later when it is done now", async () => {
    const { loading, end, work } = setUp();
    const soon = loading.soon();
    const now = loading.now();
    end();
    await Promise.all([soon, now]);
    await vi.advanceTimersByTimeAsync(1000);
    expect(work).toHaveBeenCalledTimes(1);
  });

  it("leaves nobody waiting when it is given up", async () => {
    const { loading, work } = setUp();
    const soon = loading.soon();
    loading.dispose();
    await soon;
    await vi.advanceTimersByTimeAsync(1000);
    expect(work).not.toHaveBeenCalled();
  });
});
