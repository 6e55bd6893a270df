import { formatAge, formatRows } from "../../runtime/src/model/duration.ts";
import type { AssetStatus, PartitionCounts, PartitionStatus } from "../../runtime/src/model/graph.ts";
import type { Translate } from "../words.ts";
import type { AssetNode } from "./project-graph.ts";
import type { StepView } from "./run-state.ts";

export type FaceState = "running" | "waiting" | "failed" | "stale" | "fresh" | "missing" | "external" | "unknown";

/** How an asset's state is shown: never by colour alone. */
export interface Face {
  readonly state: FaceState;
  /** Codicon. */
  readonly icon: string;
  /** Theme colour of the icon. */
  readonly color?: string;
  /** For the description: "1.24 M rows · 2 min ago". */
  readonly words: string;
}

const icons: Readonly<Record<FaceState, readonly [icon: string, color?: string]>> = {
  running: ["sync~spin", "charts.blue"],
  waiting: ["clock", "charts.blue"],
  failed: ["error", "charts.red"],
  stale: ["warning", "charts.yellow"],
  fresh: ["pass", "charts.green"],
  missing: ["circle-outline"],
  external: ["plug"],
  unknown: ["circle-outline"],
};

export interface FaceFacts {
  readonly node: Pick<AssetNode, "kind" | "known">;
  readonly status?: AssetStatus | undefined;
  /** Its step in a run that goes on now. */
  readonly step?: StepView | undefined;
  /** The project was loaded: what only the source knows is worth a word then. */
  readonly loaded: boolean;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

const join = (...parts: readonly (string | undefined)[]) => parts.filter((part) => part !== undefined && part !== "").join(" · ");

function progressWords({ progress, parts }: StepView, t: Translate): string {
  if (parts) return t("running… {0}/{1} partitions", parts.done, parts.total);
  if (!progress) return t("running…");
  if (progress.total === undefined) return t("running… {0}", progress.done.toLocaleString("en-US"));
  return t("running… {0} %", Math.floor((100 * progress.done) / Math.max(1, progress.total)));
}

const number = (value: number) => value.toLocaleString("en-US");

/** How many of an asset's partitions are stored, and what is wrong with others: "12/31 partitions · 2 failed", "12/31 stored" where the line says already what they are. */
export function partitionWords({ total, stored, failed, stale = 0 }: PartitionCounts, t: Translate, short = false): string {
  if (total === 0) return t("no partitions yet");
  return join(
    short ? t("{0}/{1} stored", number(stored), number(total)) : t("{0}/{1} partitions", number(stored), number(total)),
    failed > 0 ? t("{0} failed", number(failed)) : undefined,
    stale > 0 ? t("{0} stale", number(stale)) : undefined,
  );
}

function stored(status: AssetStatus | PartitionStatus, now: number): string {
  return join(
    status.rows === undefined ? undefined : formatRows(status.rows),
    status.storedAt === undefined ? undefined : formatAge(status.storedAt, now),
  );
}

function judge({ node, status, step, now }: FaceFacts, t: Translate): readonly [FaceState, string] {
  if (step?.state === "running") return ["running", progressWords(step, t)];
  if (step?.state === "retrying") return ["running", t("failed, tries again")];
  if (step?.state === "waiting") return ["waiting", t("waits for its turn")];
  if (status?.partitions && status.state !== "unknown") {
    return [status.state, join(partitionWords(status.partitions, t), status.partitions.stored > 0 ? stored(status, now) : undefined)];
  }
  if (status?.state === "failed") {
    const what = status.error?.thrown ?? status.error?.code ?? status.reason ?? t("the last run");
    return ["failed", join(t("failed: {0}", what), status.failedAt === undefined ? undefined : formatAge(status.failedAt, now))];
  }
  if (status?.state === "stale")
    return ["stale", join(t("stale: {0}", status.reason ?? t("an upstream asset or the code changed")), stored(status, now))];
  if (node.kind === "source") return ["external", join(t("external"), status ? stored(status, now) : undefined)];
  if (status?.state === "fresh") return ["fresh", stored(status, now) || t("fresh")];
  if (status?.state === "missing") return ["missing", t("never materialized")];
  // The reason is long, and mostly the same for all assets: the view says it once.
  return ["unknown", status?.reason === undefined ? "" : t("state unknown")];
}

/** Why states could not be found out, each reason once. */
export const unknownReasons = (statuses: Iterable<AssetStatus>): readonly string[] => [
  ...new Set([...statuses].flatMap(({ state, reason }) => (state === "unknown" && reason !== undefined ? [reason] : []))),
];

/** What to show for an asset. */
export function assetFace(facts: FaceFacts, t: Translate): Face {
  const [state, words] = judge(facts, t);
  // A state that could not be found out is not one that nobody has asked for yet.
  const [icon, color] = state === "unknown" && words !== "" ? ["question"] : icons[state];
  const known =
    facts.node.known === "index" && facts.loaded
      ? t("not loaded")
      : facts.node.known === "last-load"
        ? t("as it was when the project last loaded")
        : undefined;
  return { state, icon, words: join(words, known), ...(color === undefined ? {} : { color }) };
}

/** What to show for one partition; its step in a run that goes on now comes before what is stored. */
export function partitionFace(status: PartitionStatus, step: StepView | undefined, now: number, t: Translate): Face {
  const face = (state: FaceState, words: string): Face => {
    const [icon, color] = icons[state];
    return { state, icon, words, ...(color === undefined ? {} : { color }) };
  };
  if (step?.state === "running") return face("running", progressWords(step, t));
  if (step?.state === "retrying") return face("running", t("failed, tries again"));
  if (step?.state === "waiting") return face("waiting", t("waits for its turn"));
  if (status.state === "failed") return face("failed", t("failed: {0}", status.error?.thrown ?? status.error?.code ?? t("the last run")));
  if (status.state === "stale")
    return face("stale", join(t("stale: {0}", status.reason ?? t("an upstream asset or the code changed")), stored(status, now)));
  if (status.state === "fresh") return face("fresh", stored(status, now) || t("fresh"));
  if (status.state === "missing") return face("missing", t("not stored"));
  return face("unknown", t("state unknown"));
}

/** The state as one word. */
export function stateWord(state: FaceState, t: Translate): string {
  switch (state) {
    case "running":
      return t("running");
    case "waiting":
      return t("waiting");
    case "failed":
      return t("failed");
    case "stale":
      return t("stale");
    case "fresh":
      return t("fresh");
    case "missing":
      return t("never materialized");
    case "external":
      return t("external");
    case "unknown":
      return t("state unknown");
  }
}
