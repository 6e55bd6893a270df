/** Who holds what, readable from both ends. */
export interface Reverse {
  readonly set: (holder: string, held: ReadonlySet<string>) => void;
  readonly drop: (holder: string) => void;
  readonly holders: (held: string) => readonly string[];
}

/** Texts as small numbers: each text is kept once, however many hold it. Numbers of texts that nobody uses any more stay taken. */
function createNumbers() {
  const numbers = new Map<string, number>();
  const texts: string[] = [];
  return {
    of: (text: string): number => {
      const known = numbers.get(text);
      if (known !== undefined) return known;
      numbers.set(text, texts.length);
      return texts.push(text) - 1;
    },
    find: (text: string) => numbers.get(text),
    text: (number: number) => texts[number]!,
  };
}

export function createReverse(): Reverse {
  const numbers = createNumbers();
  const heldBy = new Map<number, readonly number[]>();
  const holdersOf = new Map<number, number[]>();

  const drop = (holder: string) => {
    const number = numbers.find(holder);
    if (number === undefined) return;
    for (const held of heldBy.get(number) ?? []) {
      const holders = holdersOf.get(held)!;
      const last = holders.pop()!;
      if (last !== number) holders[holders.indexOf(number)] = last;
      if (holders.length === 0) holdersOf.delete(held);
    }
    heldBy.delete(number);
  };
  return {
    drop,
    holders: (held) => {
      const number = numbers.find(held);
      return number === undefined ? [] : (holdersOf.get(number) ?? []).map(numbers.text);
    },
    set: (holder, held) => {
      drop(holder);
      if (held.size === 0) return;
      const number = numbers.of(holder);
      const list = Array.from(held, numbers.of);
      heldBy.set(number, list);
      for (const each of list) {
        const holders = holdersOf.get(each);
        if (holders) holders.push(number);
        else holdersOf.set(each, [number]);
      }
    },
  };
}
