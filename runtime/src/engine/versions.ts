import { createHash } from "node:crypto";
import type { StoredRecord } from "../model/values.ts";

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");

/** Handler name in the record of an asset that stores its value itself: no I/O manager wrote it. */
export const storedByItself = "none";

/** Data version of a stored value; the time it was stored where the record has none; `undefined` where nothing tells. */
export const versionOf = (record: Partial<StoredRecord>): string | undefined => record.dataVersion ?? record.storedAt;

/** One version for several upstream partitions together; the partition's own for a single one; `undefined` where one of them is not known. */
export function versionOfAll(partitions: readonly string[], versionAt: (partition: string) => string | undefined): string | undefined {
  if (partitions.length === 1) return versionAt(partitions[0]!);
  const hash = createHash("sha256");
  for (const partition of partitions) {
    const version = versionAt(partition);
    if (version === undefined) return undefined;
    hash.update(`${JSON.stringify(partition)} ${version}\n`);
  }
  return hash.digest("hex");
}

/**
 * Data version of what a step makes, when it does not say one itself. The same code on the same upstream versions gives the same one, so that
 * downstream stays fresh. Without upstream, or where a version is not known, each materialization has its own.
 */
export function dataVersion(step: {
  readonly runId: string;
  readonly step: string;
  readonly codeVersion: string | undefined;
  /** Upstream keys, and their data versions where known. */
  readonly upstream: readonly string[];
  readonly versions: Readonly<Record<string, string>>;
}): string {
  const known = step.codeVersion !== undefined && step.upstream.length > 0 && step.upstream.every((key) => step.versions[key] !== undefined);
  if (!known) return sha256(`${step.runId}\n${step.step}`);
  const upstream = [...step.upstream].sort().map((key) => `${key}\n${step.versions[key]}`);
  return sha256([step.codeVersion, ...upstream].join("\n"));
}
