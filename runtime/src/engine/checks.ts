import type { AssetDefinition, CheckDefinition } from "../assets/definition.ts";
import type { OutputContext, StagedRead } from "../io/manager.ts";
import { isSluiceError, SluiceError } from "../model/errors.ts";
import type { CheckOutcome } from "../model/events.ts";
import { contextPartitions } from "./context-partitions.ts";
import { plain } from "./plain.ts";
import { stepContext } from "./step-context.ts";
import { explainIo, type StepNames } from "./step-errors.ts";
import type { Materialized, StepHost } from "./step-task.ts";
import { abandonable, Cancelled, type Stop } from "./stop.ts";
import { stackLinePlace, userPlace } from "./user-place.ts";
import { storedByItself } from "./versions.ts";

/** What checks need of their surroundings, in a run or outside one. */
export interface CheckSite {
  readonly runId: string;
  readonly step: string;
  readonly host: Pick<StepHost, "root" | "target" | "partitioning" | "addPartitions" | "resources" | "clock" | "emit">;
  readonly stop: Stop;
}
type Load = (read: StagedRead) => Promise<unknown>;

/** The blocking checks of one value on its way into a store. */
export interface StagedChecks {
  readonly verify: NonNullable<OutputContext["verify"]>;
  /** False while the I/O manager has not called `verify`. */
  readonly called: () => boolean;
  /** What `verify` threw, which the I/O manager may have told in words of its own. */
  readonly failure: () => { readonly thrown: unknown } | undefined;
}

/** `undefined` where nothing has to be checked before the value is in its place. */
export function stagedChecks(site: CheckSite, asset: AssetDefinition, partitions: readonly string[]): StagedChecks | undefined {
  const checks = (asset.checks ?? []).filter(({ blocking }) => blocking);
  if (checks.length === 0) return undefined;
  let called = false;
  let failure: { readonly thrown: unknown } | undefined;
  return {
    called: () => called,
    failure: () => failure,
    verify: async (load) => {
      called = true;
      try {
        const failed: Failed[] = [];
        for (const partition of partitions.length === 0 ? [undefined] : partitions) {
          const only = partitions.length > 1 ? { partition } : {};
          for (const check of checks) {
            const outcome = await evaluate(site, asset, check, partition, "staged", (read) => load({ ...read, ...only }));
            if (isFailed(outcome)) failed.push({ check, partition, outcome });
          }
        }
        if (failed.length > 0) throw checkFailed(site, asset, failed, "staged");
      } catch (thrown) {
        failure = { thrown };
        throw thrown;
      }
    },
  };
}

/**
 * Evaluates the checks of what was stored; the blocking ones only where nothing else has. Throws `check/failed` when one of those fails, once all
 * were made.
 */
export async function checkStored(
  site: CheckSite,
  asset: AssetDefinition,
  stored: readonly Pick<Materialized, "partition" | "record">[],
  verified: (partition: string | undefined) => boolean,
): Promise<void> {
  const failed: Failed[] = [];
  for (const { partition, record } of stored) {
    for (const check of asset.checks ?? []) {
      if (check.blocking && verified(partition)) continue;
      const load = record.handler === storedByItself ? async () => undefined : loadStored(site, asset, check, partition);
      const outcome = await evaluate(site, asset, check, partition, "stored", load);
      if (check.blocking && isFailed(outcome)) failed.push({ check, partition, outcome });
    }
  }
  if (failed.length > 0) throw checkFailed(site, asset, failed, "stored");
}

/** A way to load what is stored for one of its checks. */
export function loadStored(site: CheckSite, asset: AssetDefinition, check: CheckDefinition, partition: string | undefined): Load {
  const { host, stop } = site;
  return async ({ columns, handler }) => {
    const { manager, name } = host.target.managerOf(asset);
    const address = host.partitioning.address(asset.key, partition === undefined ? [] : [partition]);
    try {
      const loading = manager.loadInput({ key: asset.key, table: asset.table, ...address, columns, handler, signal: stop.signal });
      return await abandonable(loading, stop, "after-grace");
    } catch (thrown) {
      if (thrown instanceof Cancelled) throw thrown;
      throw explainIo(thrown, namesOf(site, asset, check), `Loading ${asset.key} through ${name} for its check "${check.name}"`);
    }
  };
}

/** Calls a check and reports what it found. Throws what the check threw, as `run/failed` on the user's line. */
export async function evaluate(
  site: CheckSite,
  asset: AssetDefinition,
  check: CheckDefinition,
  partition: string | undefined,
  on: CheckOutcome["on"],
  load: Load,
): Promise<CheckOutcome> {
  const { host, stop, runId, step } = site;
  const { key } = asset;
  const at = { runId, step, ...(partition === undefined ? {} : { partition }) };
  const started = host.clock.now();
  const resources: Record<string, unknown> = {};
  for (const [name, bound] of Object.entries(check.resources)) {
    resources[name] = await abandonable(host.resources.open(bound, host.target.resource(bound, key)), stop, "after-grace");
  }
  const value = await load({ columns: check.input.columns, handler: check.input.handler ?? asset.handler });
  const inPartitions = contextPartitions(host.partitioning.spaceOf(key), partition === undefined ? [] : [partition], false, host.addPartitions);
  const facts = { key, ...inPartitions, resources, params: {}, signal: stop.signal, selected: new Set([key]) };
  const { context, said, close } = stepContext(at, facts, host.emit, host.clock);
  let found: Pick<CheckOutcome, "passed" | "severity" | "description" | "metadata">;
  try {
    // A check may be synchronous: whatever it throws must reach the same place.
    const returned = await abandonable((async () => check.run(value, context))(), stop, "at-once");
    found = resultOf(asset, check, returned, said.metadata);
  } catch (thrown) {
    throw thrown instanceof Cancelled || isSluiceError(thrown) ? thrown : threw(site, asset, check, thrown);
  } finally {
    close();
  }
  const now = host.clock.now();
  const place = placeOf(check);
  const outcome: CheckOutcome = { check: check.name, blocking: check.blocking, on, ...found, ...(place ? { place } : {}), ms: now - started };
  host.emit({ type: "check-evaluated", ...at, at: now, asset: key, ...outcome });
  return outcome;
}

interface Failed {
  readonly check: CheckDefinition;
  readonly partition: string | undefined;
  readonly outcome: CheckOutcome;
}
const isFailed = ({ passed, severity }: CheckOutcome): boolean => !passed && severity === "error";

const namesOf = ({ host }: CheckSite, asset: AssetDefinition, check: CheckDefinition): StepNames => ({
  asset: asset.key,
  root: host.root,
  definedAt: check.definedAt[0] ?? asset.definedAt,
});

function threw(site: CheckSite, asset: AssetDefinition, check: CheckDefinition, thrown: unknown): SluiceError {
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  const place = userPlace(thrown, site.host.root) ?? placeOf(check);
  const error = new SluiceError("run/failed", `The check "${check.name}" of ${asset.key} threw: ${text}`, { asset: asset.key, place, cause: thrown });
  // The user's line is in the stack of what was thrown.
  if (thrown instanceof Error && thrown.stack !== undefined) error.stack = thrown.stack;
  return error;
}

const placeOf = ({ definedAt: [line] }: CheckDefinition) => (line === undefined ? undefined : stackLinePlace(line));

/** What a check returned, with what it told its context. Throws `run/failed` for what is no result. */
function resultOf({ key }: AssetDefinition, check: CheckDefinition, returned: unknown, told: Readonly<Record<string, unknown>>) {
  const given = typeof returned === "boolean" ? { passed: returned } : (returned as Readonly<Record<string, unknown>> | null | undefined);
  const { passed, severity = check.severity, description, metadata } = { ...given } as Readonly<Record<string, unknown>>;
  if (typeof passed !== "boolean" || (severity !== "warn" && severity !== "error")) {
    const found = returned === null ? "null" : typeof returned === "object" ? JSON.stringify(plain(returned)) : String(returned);
    throw new SluiceError("run/failed", `The check "${check.name}" of ${key} returned ${found}, which is no result.`, {
      asset: key,
      place: placeOf(check),
      hint: 'Return true or false, or { passed, severity: "warn" | "error", description, metadata }.',
    });
  }
  const all = { ...told, ...((plain(metadata) as Readonly<Record<string, unknown>> | undefined) ?? {}) };
  return {
    passed,
    severity: severity as CheckOutcome["severity"],
    ...(description === undefined ? {} : { description: String(description) }),
    ...(Object.keys(all).length === 0 ? {} : { metadata: all }),
  };
}

function checkFailed(site: CheckSite, asset: AssetDefinition, failed: readonly Failed[], on: CheckOutcome["on"]): SluiceError {
  const { key } = asset;
  const lines = failed.map(({ check, partition, outcome: { description } }) => {
    const of = partition === undefined ? key : `${key} [${partition}]`;
    return `The check "${check.name}" of ${of} failed${description === undefined ? "." : `: ${description}`}`;
  });
  const hint =
    on === "staged"
      ? 'Nothing was stored: what was there before stays. Correct the value or the check; severity: "warn" lets the value pass.'
      : `The value is stored: ${site.host.target.managerOf(asset).name} shows no value to a check before it is in its place. What is downstream was not made of it.`;
  return new SluiceError("check/failed", lines.join("\n"), { asset: key, hint, place: placeOf(failed[0]!.check) });
}
