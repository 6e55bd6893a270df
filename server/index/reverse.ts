import { createMultimap } from "./multimap.ts";

/** Who holds what, readable from both ends. */
export interface Reverse {
  readonly set: (holder: string, held: ReadonlySet<string>) => void;
  readonly drop: (holder: string) => void;
  readonly holders: (held: string) => readonly string[];
}

export function createReverse(): Reverse {
  const byHolder = new Map<string, readonly string[]>();
  const byHeld = createMultimap();

  const drop = (holder: string) => {
    for (const held of byHolder.get(holder) ?? []) byHeld.remove(held, holder);
    byHolder.delete(holder);
  };
  return {
    drop,
    holders: byHeld.get,
    set: (holder, held) => {
      drop(holder);
      if (held.size === 0) return;
      byHolder.set(holder, [...held]);
      for (const each of held) byHeld.add(each, holder);
    },
  };
}
