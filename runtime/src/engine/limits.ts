/** Names of what a step needs a free place of, such as "pool:api". */
export type LimitNames = readonly string[];

/**
 * Which of the ready steps may start: the first in the plan that finds a place everywhere it needs one. A step that finds none waits in line at
 * the full place, so that it costs nothing until something leaves there.
 */
export interface ReadyQueue {
  readonly add: (index: number, limits: LimitNames) => void;
  /** The next step that may start; it holds its places until `release`. */
  readonly take: () => number | undefined;
  readonly release: (index: number) => void;
  /** Takes back every step that waits. */
  readonly clear: () => void;
}

/** `limitOf` says how many places there are; `undefined` for no limit. */
export function readyQueue(limitOf: (name: string) => number | undefined): ReadyQueue {
  const places = new Map<string, { free: number; readonly waiting: Heap }>();
  const ready = heap();
  const needs = new Map<number, LimitNames>();
  const place = (name: string) => {
    const known = places.get(name);
    if (known) return known;
    const free = limitOf(name) ?? Number.POSITIVE_INFINITY;
    const made = { free, waiting: heap() };
    places.set(name, made);
    return made;
  };
  return {
    add: (index, limits) => {
      needs.set(index, limits);
      ready.push(index);
    },
    take: () => {
      for (;;) {
        const index = ready.pop();
        if (index === undefined) return undefined;
        const limits = needs.get(index)!;
        const full = limits.find((name) => place(name).free < 1);
        if (full === undefined) {
          for (const name of limits) place(name).free--;
          return index;
        }
        place(full).waiting.push(index);
        // It may have come from the line of a place that is free for the next one there.
        for (const name of limits) if (name !== full && place(name).free >= 1) wake(name);
      }
    },
    release: (index) => {
      for (const name of needs.get(index) ?? []) {
        place(name).free++;
        wake(name);
      }
      needs.delete(index);
    },
    clear: () => {
      ready.clear();
      for (const { waiting } of places.values()) waiting.clear();
    },
  };

  function wake(name: string): void {
    const index = place(name).waiting.pop();
    if (index !== undefined) ready.push(index);
  }
}

interface Heap {
  readonly push: (value: number) => void;
  readonly pop: () => number | undefined;
  readonly clear: () => void;
}

/** Smallest first. */
function heap(): Heap {
  const values: number[] = [];
  const swap = (i: number, j: number) => {
    const kept = values[i]!;
    values[i] = values[j]!;
    values[j] = kept;
  };
  return {
    push: (value) => {
      let i = values.push(value) - 1;
      for (let above = (i - 1) >> 1; i > 0 && values[above]! > value; above = (i - 1) >> 1) {
        swap(i, above);
        i = above;
      }
    },
    pop: () => {
      const first = values[0];
      const last = values.pop();
      if (values.length === 0 || last === undefined) return first;
      values[0] = last;
      for (let i = 0; ; ) {
        const left = 2 * i + 1;
        const right = left + 1;
        let least = i;
        if (left < values.length && values[left]! < values[least]!) least = left;
        if (right < values.length && values[right]! < values[least]!) least = right;
        if (least === i) return first;
        swap(i, least);
        i = least;
      }
    },
    clear: () => {
      values.length = 0;
    },
  };
}
