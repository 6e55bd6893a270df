import { asset, type TableValue } from "sluice";

declare module "sluice" {
  interface Register {
    ioManager: TableValue;
  }
  interface TableValues {
    points: { readonly points: Float64Array };
  }
}

asset("rows", { run: () => [{ a: 1 }] });
// A member that another package merged into TableValues.
asset("points", { run: () => ({ points: new Float64Array(2) }) });
// @ts-expect-error a number is no table, which Register says the default I/O manager takes
asset("number", { run: () => 42 });
