/** Records read, or partitions written, at a time. */
const atOnce = 16;

/** Every item's answer, in order; a few at a time. After one has failed no other is begun, and those that were have ended. */
export async function inParallel<Item, Value>(items: readonly Item[], work: (item: Item) => Promise<Value>): Promise<readonly Value[]> {
  const values: Value[] = [];
  let next = 0;
  let failure: { readonly error: unknown } | undefined;
  const worker = async (): Promise<void> => {
    while (next < items.length && !failure) {
      const at = next;
      next += 1;
      try {
        values[at] = await work(items[at] as Item);
      } catch (error) {
        failure ??= { error };
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker));
  if (failure) throw failure.error;
  return values;
}
