import { isKind, kind } from "../io/manager.ts";
import { SluiceError } from "../model/errors.ts";
import type { Context } from "./context.ts";
import type { AssetDefinition, CheckDefinition } from "./definition.ts";
import { definitionOf, plainInput } from "./input-definition.ts";
import type { Input } from "./inputs.ts";
import type { Resources } from "./keys.ts";
import type { Promisable } from "./mistake.ts";
import { checkProperties, describe } from "./spec.ts";
import { resourceNames } from "./step.ts";
import type { Metadata } from "./storage.ts";

export interface CheckResult {
  readonly passed: boolean;
  readonly severity?: "warn" | "error";
  readonly metadata?: Metadata;
  readonly description?: string;
}
export interface AssetCheck {
  readonly [kind]: "check";
  readonly name: string;
}

/**
 * Checks a stored value, in the shape asked for.
 * @example assetCheck(sales.as(sql), { name: "not_empty", blocking: true, run: (query) => … });
 */
export function assetCheck<Value, P, R extends Resources = {}>(
  input: Input<Value, P>,
  spec: {
    readonly name: string;
    /** Runs on the staged value, before it replaces the former one. */
    readonly blocking?: boolean;
    readonly severity?: "warn" | "error";
    readonly resources?: R;
    readonly run: (value: Value, context: Context<P, R>) => Promisable<boolean | CheckResult>;
  },
): AssetCheck {
  const checked = isKind(input, "asset") ? plainInput(input as unknown as AssetDefinition) : isKind(input, "input") ? definitionOf(input) : undefined;
  if (checked?.upstream === undefined) {
    throw new SluiceError("config/invalid", `assetCheck() was given ${describe(input)} where it takes an asset.`);
  }
  const asset = checked.upstream.key;
  const wrong = (message: string) => new SluiceError("config/invalid", `A check of asset "${asset}": ${message}`, { asset });
  checkProperties(`a check of asset "${asset}"`, spec, ["name", "blocking", "severity", "resources", "run"], asset);
  if (typeof spec.name !== "string" || spec.name === "") throw wrong(`name is ${describe(spec.name)}.`);
  if (typeof spec.run !== "function") throw wrong(`run is ${describe(spec.run)} where it takes a function.`);
  const definition: CheckDefinition = {
    [kind]: "check",
    name: spec.name,
    input: checked,
    blocking: spec.blocking === true,
    severity: spec.severity ?? "error",
    resources: resourceNames(asset, spec.resources),
    run: spec.run as CheckDefinition["run"],
  };
  checked.upstream.checks?.push(definition);
  return definition;
}
