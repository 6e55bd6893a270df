import type { TypeHandler } from "../io/manager.ts";
import { isKind } from "../io/manager.ts";
import { SluiceError } from "../model/errors.ts";
import type { TableOptions } from "../model/values.ts";
import { callSite } from "./call-site.ts";
import { inputObject, plainInput, windowRange } from "./input-definition.ts";
import type { Asset, Input, WindowRange } from "./inputs.ts";
import type { DefaultIOManagerKey, IOManagerKey } from "./keys.ts";
import type { MaybePartitions, SelfPartitions, Unpartitioned } from "./partitions.ts";
import { checkProperties, describe } from "./spec.ts";
import { assetObject, describedProperties, outputDefinition } from "./step.ts";
import type { Described, Received } from "./storage.ts";

function checkHandler(call: string, handler: unknown, asset?: string): void {
  if (isKind(handler, "handler")) return;
  throw new SluiceError("config/invalid", `${call} was given ${describe(handler)} where it takes a type handler.`, {
    asset,
    hint: typeof handler === "function" ? "Call it: rows()." : "Use rows(), arrow, batches or sql.",
  });
}

/**
 * A value that something else writes. `as` is the shape it arrives in; nothing is recorded about it that could say so.
 * @example const orders = source("orders", { as: rows<Order>() });
 */
export function source<
  const Key extends string,
  Value = unknown,
  P extends MaybePartitions = Unpartitioned,
  K extends IOManagerKey = DefaultIOManagerKey,
>(
  key: Key,
  spec: Described & { readonly as?: TypeHandler<Value>; readonly ioManager?: K; readonly partitions?: P; readonly table?: TableOptions } = {},
): Asset<Received<Value>, P, Key> {
  checkProperties(`source "${key}"`, spec, [...describedProperties, "as", "ioManager", "partitions", "table"], key);
  if (spec.as !== undefined) checkHandler(`as of source "${key}"`, spec.as, key);
  const { as: handler, ...rest } = spec;
  const definition = assetObject(
    outputDefinition(key, rest, { assetKind: "source", ...(handler === undefined ? {} : { handler }), definedAt: callSite(source) }),
  );
  return definition as unknown as Asset<Received<Value>, P, Key>;
}

/**
 * The asset being defined, as an input of itself. The type is given, since it cannot be inferred from itself.
 * @example inputs: { previous: self(rows<Balance>()).window({ start: -1, end: -1 }) }
 */
export function self<Value>(handler: TypeHandler<Value>): { window(range: WindowRange): Input<Value, SelfPartitions, "many"> } {
  checkHandler("self()", handler);
  return {
    window: (range) => {
      const definition = { ...plainInput(undefined), handler, take: { type: "window" as const, ...windowRange(range) } };
      return inputObject(definition) as unknown as Input<Value, SelfPartitions, "many">;
    },
  };
}
