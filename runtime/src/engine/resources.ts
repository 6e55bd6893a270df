import type { ResourceDefinition } from "../assets/definition.ts";
import { isSluiceError, SluiceError } from "../model/errors.ts";
import type { Clock } from "./clock.ts";

/** The resources of one run: each opened once, on first use. */
export interface RunResources {
  /** The opened value. A resource that failed to open is tried again by the next step that needs it. */
  readonly open: (name: string, definition: ResourceDefinition) => Promise<unknown>;
  /** Closes all of them, last opened first, also after a failure. Idempotent. Throws `run/failed` naming each resource that did not close. */
  readonly close: () => Promise<void>;
}

/** Time a resource has for closing, in milliseconds. */
const patience = 30_000;

const text = (thrown: unknown) => (thrown instanceof Error ? thrown.message : String(thrown));

interface Opening {
  readonly name: string;
  readonly definition: ResourceDefinition;
  readonly value: Promise<unknown>;
  state: "opening" | "open" | "failed";
}

/** Keeps the resources of a run; `signal` is the run's. */
export function runResources(signal: AbortSignal, clock: Clock): RunResources {
  const opened = new Map<string, Opening>();
  async function start(opening: Pick<Opening, "name" | "definition" | "state">): Promise<unknown> {
    const { name, definition } = opening;
    try {
      const value = await definition.open({ signal });
      opening.state = "open";
      return value;
    } catch (thrown) {
      opening.state = "failed";
      if (isSluiceError(thrown)) throw thrown;
      const error = new SluiceError("run/failed", `The resource "${name}" could not be opened: ${text(thrown)}`, { cause: thrown });
      // The user's line is in the stack of what was thrown.
      if (thrown instanceof Error && thrown.stack !== undefined) error.stack = thrown.stack;
      throw error;
    }
  }

  async function closeOne({ name, definition, value }: Opening): Promise<void> {
    if (!definition.close) return;
    const ready = await value;
    let stop = () => {};
    const late = new Promise<never>((_, reject) => {
      stop = clock.after(patience, () => reject(new Error(`it takes longer than ${patience / 1000} s`)));
    });
    try {
      await Promise.race([definition.close(ready as never), late]);
    } catch (thrown) {
      throw new SluiceError("run/failed", `The resource "${name}" did not close: ${text(thrown)}`, { cause: thrown });
    } finally {
      stop();
    }
  }

  return {
    open: (name, definition) => {
      const known = opened.get(name);
      if (known && known.state !== "failed") return known.value;
      const opening = { name, definition, state: "opening" as Opening["state"] };
      const entry = Object.assign(opening, { value: start(opening) });
      // set anew, so that they close in the order in which they opened
      opened.delete(name);
      opened.set(name, entry);
      return entry.value;
    },
    close: async () => {
      const all = [...opened.values()].reverse();
      opened.clear();
      const failed: SluiceError[] = [];
      for (const opening of all) {
        if (opening.state === "failed") continue;
        if (opening.state === "opening") {
          // Whoever asked for it has given up waiting: it is closed if it ever opens, and its run has ended by then.
          opening.value.then(() => closeOne(opening)).catch(() => {});
          continue;
        }
        try {
          await closeOne(opening);
        } catch (thrown) {
          failed.push(thrown as SluiceError);
        }
      }
      if (failed.length < 2) {
        if (failed[0]) throw failed[0];
        return;
      }
      throw new SluiceError("run/failed", failed.map(({ message }) => message).join("\n"), { cause: new AggregateError(failed) });
    },
  };
}
