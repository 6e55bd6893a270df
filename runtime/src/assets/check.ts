import { isKind, kind } from "../io/manager.ts";
import { SluiceError } from "../model/errors.ts";
import { callSites } from "./call-site.ts";
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
 * A condition on what an asset stores, in the shape asked for; of an asset with partitions it is made for each. A blocking one sees the new value
 * before it replaces the former one, and keeps it out when it fails. Throws `config/invalid`.
 * @example assetCheck(sales, { name: "not_empty", blocking: true, run: (rows) => rows.length > 0 });
 */
export function assetCheck<Value, P, R extends Resources = {}>(
  input: Input<Value, P>,
  spec: {
    readonly name: string;
    /** Made of the staged value, before it replaces the former one; false when left out: of the stored value, and nothing depends on it. */
    readonly blocking?: boolean;
    /** Of a result that says none; "error" when left out. One that warns never keeps anything from being stored. */
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
  const wrong = (message: string, hint?: string) => new SluiceError("config/invalid", `A check of asset "${asset}": ${message}`, { asset, hint });
  checkProperties(`a check of asset "${asset}"`, spec, ["name", "blocking", "severity", "resources", "run"], asset);
  if (typeof spec.name !== "string" || spec.name === "") throw wrong(`name is ${describe(spec.name)}.`);
  if (typeof spec.run !== "function") throw wrong(`run is ${describe(spec.run)} where it takes a function.`);
  if (spec.blocking !== undefined && typeof spec.blocking !== "boolean") throw wrong(`blocking is ${describe(spec.blocking)} where it takes true.`);
  if (spec.severity !== undefined && spec.severity !== "warn" && spec.severity !== "error") {
    throw wrong(`severity is ${describe(spec.severity)} where it takes "warn" or "error".`);
  }
  if (checked.take !== undefined || checked.merged || checked.ioManager !== undefined) {
    throw wrong("it is made of one value of the asset, as it is stored.", "Leave out what chooses partitions or another I/O manager.");
  }
  const { checks } = checked.upstream;
  if (checks?.some(({ name }) => name === spec.name)) throw wrong(`there is one of the name "${spec.name}" already.`, "Give each a name of its own.");
  const definition: CheckDefinition = {
    [kind]: "check",
    name: spec.name,
    input: checked,
    blocking: spec.blocking === true,
    severity: spec.severity ?? "error",
    resources: resourceNames(asset, spec.resources),
    definedAt: callSites(assetCheck),
    run: spec.run as CheckDefinition["run"],
  };
  checks?.push(definition);
  return definition;
}
