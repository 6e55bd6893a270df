import { describe, expect, it } from "vitest";
import { parseSelection } from "../../runtime/src/model/selection-syntax.ts";
import { everything, selectionOf } from "./selection.ts";

describe("the selection that a command writes", () => {
  it.each(["sales_summary", "mart/sales.daily-v2", "and", "OR", "2", "größe", "-x", "sinks"])("means exactly the asset %s", (key) => {
    expect(parseSelection(selectionOf([key]))).toMatchObject({ type: "filter", filter: "key", value: key });
  });
  it("takes several assets, with everything upstream where asked", () => {
    const walk = (value: string) => ({ type: "walk", up: Number.POSITIVE_INFINITY, of: { type: "filter", filter: "key", value } });
    expect(parseSelection(selectionOf(["a", "not"], true))).toMatchObject({ type: "or", parts: [walk("a"), walk("not")] });
  });
  it("can mean everything", () => expect(parseSelection(everything)).toEqual({ type: "all" }));
});
