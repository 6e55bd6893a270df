import { describe, expect, it } from "vitest";
import { nearestName } from "./nearest.ts";

describe("nearestName", () => {
  const names = ["raw_sales", "clean_sales", "sales_summary", "shop/orders"];
  it.each([
    ["raw_slaes", "raw_sales"],
    ["Clean_Sales", "clean_sales"],
    ["sales_sumary", "sales_summary"],
    ["orders", "shop/orders"],
    ["store/orders", "shop/orders"],
  ])("finds what %s stands for", (wrong, right) => expect(nearestName(wrong, names)).toBe(right));

  it.each(["weather", "x", ""])("guesses nothing for %j", (wrong) => expect(nearestName(wrong, names)).toBeUndefined());

  it("guesses nothing for a single letter", () => expect(nearestName("b", ["a", "ab"])).toBeUndefined());

  it("prefers the closest of several", () => expect(nearestName("sales2", ["sales1x", "sales3", "sales"])).toBe("sales3"));
});
