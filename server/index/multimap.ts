/** Texts by text. Lists are short in nearly every case, and there are tens of thousands of them: arrays take a third of what sets take. */
export interface Multimap {
  readonly add: (key: string, value: string) => void;
  readonly remove: (key: string, value: string) => void;
  readonly get: (key: string) => readonly string[];
}

const none: readonly string[] = [];

/** A value is added at most once per key: the caller sees to it. */
export function createMultimap(): Multimap {
  const lists = new Map<string, string[]>();
  return {
    add: (key, value) => {
      const list = lists.get(key);
      if (list) list.push(value);
      else lists.set(key, [value]);
    },
    remove: (key, value) => {
      const list = lists.get(key);
      const at = list?.indexOf(value) ?? -1;
      if (!list || at < 0) return;
      const last = list.pop()!;
      if (at < list.length) list[at] = last;
      if (list.length === 0) lists.delete(key);
    },
    get: (key) => lists.get(key) ?? none,
  };
}
