export const products = ["bread", "coffee", "honey", "milk", "tea"] as const;

export interface Order {
  readonly id: string;
  readonly day: string;
  readonly region: string;
  readonly product: (typeof products)[number];
  readonly pieces: number;
  /** In cents. */
  readonly price: number;
}

/** Numbers from 0 to 1 that are the same for the same word, each time. */
function* numbers(word: string): Generator<number, never> {
  let state = 2166136261;
  for (const letter of word) state = Math.imul(state ^ letter.charCodeAt(0), 16777619);
  for (;;) {
    state = Math.imul(state ^ (state >>> 15), 2246822519) + 0x9e3779b9;
    yield (state >>> 0) / 2 ** 32;
  }
}

/** The orders of one day in one region: made up, and the same each time. */
export function ordersOf(day: string, region: string): readonly Order[] {
  const next = numbers(`${day} ${region}`);
  const below = (limit: number) => Math.floor(next.next().value * limit);
  const count = 20 + below(30);
  return Array.from({ length: count }, (_, n) => ({
    id: `${day}/${region}/${n + 1}`,
    day,
    region,
    product: products[below(products.length)] ?? "tea",
    pieces: 1 + below(6),
    price: 150 + below(900),
  }));
}
