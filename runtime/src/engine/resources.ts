import type { ResourceDefinition } from "../assets/definition.ts";
import { isSluiceError, SluiceError } from "../model/errors.ts";

/** The resources of one run: each opened once, on first use. */
export interface RunResources {
  /** The opened value. A resource that failed to open is tried again by the next step that needs it. */
  readonly open: (name: string, definition: ResourceDefinition) => Promise<unknown>;
  /** Closes all of them, last opened first, also after a failure. Idempotent. Throws `run/failed` naming the resource that did not close. */
  readonly close: () => Promise<void>;
}

const text = (thrown: unknown) => (thrown instanceof Error ? thrown.message : String(thrown));

/** Keeps the resources of a run; `signal` is the run's. */
export function runResources(signal: AbortSignal): RunResources {
  const opened = new Map<string, { readonly definition: ResourceDefinition; readonly value: Promise<unknown> }>();
  async function start(name: string, definition: ResourceDefinition): Promise<unknown> {
    try {
      return await definition.open({ signal });
    } catch (thrown) {
      opened.delete(name);
      if (isSluiceError(thrown)) throw thrown;
      const error = new SluiceError("run/failed", `The resource "${name}" could not be opened: ${text(thrown)}`, { cause: thrown });
      // The user's line is in the stack of what was thrown.
      if (thrown instanceof Error && thrown.stack !== undefined) error.stack = thrown.stack;
      throw error;
    }
  }
  return {
    open: (name, definition) => {
      const known = opened.get(name);
      if (known) return known.value;
      const value = start(name, definition);
      opened.set(name, { definition, value });
      return value;
    },
    close: async () => {
      const all = [...opened].reverse();
      opened.clear();
      const failed: SluiceError[] = [];
      for (const [name, { definition, value }] of all) {
        // A resource that never opened has told its step so, and has nothing to close.
        const result = await value.then(
          (ready) => ({ ready }),
          () => undefined,
        );
        if (!result || !definition.close) continue;
        try {
          await definition.close(result.ready as never);
        } catch (thrown) {
          failed.push(new SluiceError("run/failed", `The resource "${name}" did not close: ${text(thrown)}`, { cause: thrown }));
        }
      }
      if (failed[0]) throw failed[0];
    },
  };
}
