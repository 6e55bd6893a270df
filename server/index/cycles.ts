/**
 * The strongly connected groups among everything that `roots` lead to, each with more than one member or an edge to itself.
 * `next` gives what a node leads to. Without recursion: a chain of 40,000 assets must not overflow the stack.
 */
export function cyclesFrom(roots: Iterable<string>, next: (id: string) => readonly string[]): readonly (readonly string[])[] {
  const order = new Map<string, number>();
  const low = new Map<string, number>();
  const open = new Set<string>();
  const stack: string[] = [];
  const groups: string[][] = [];

  for (const root of roots) {
    if (order.has(root)) continue;
    const path: { readonly id: string; readonly next: readonly string[]; at: number }[] = [];
    const enter = (id: string) => {
      order.set(id, order.size);
      low.set(id, order.size - 1);
      stack.push(id);
      open.add(id);
      path.push({ id, next: next(id), at: 0 });
    };
    enter(root);
    for (let top = path.at(-1); top; top = path.at(-1)) {
      const { id } = top;
      const child = top.next[top.at++];
      if (child !== undefined) {
        if (!order.has(child)) enter(child);
        else if (open.has(child)) low.set(id, Math.min(low.get(id)!, order.get(child)!));
        continue;
      }
      path.pop();
      const parent = path.at(-1);
      if (parent) low.set(parent.id, Math.min(low.get(parent.id)!, low.get(id)!));
      if (low.get(id) !== order.get(id)) continue;
      const group = stack.splice(stack.lastIndexOf(id));
      for (const member of group) open.delete(member);
      if (group.length > 1 || next(id).includes(id)) groups.push(group);
    }
  }
  return groups;
}

/** The shortest way from a node back to itself, beginning and ending with it; `undefined` when there is none. */
export function wayBack(start: string, next: (id: string) => readonly string[]): readonly string[] | undefined {
  const from = new Map<string, string>();
  const queue = [start];
  for (let at = 0; at < queue.length; at++) {
    const id = queue[at]!;
    for (const child of next(id)) {
      if (child === start) {
        const way = [start];
        for (let step: string | undefined = id; step !== undefined && step !== start; step = from.get(step)) way.push(step);
        way.push(start);
        return way.reverse();
      }
      if (!from.has(child)) {
        from.set(child, id);
        queue.push(child);
      }
    }
  }
  return undefined;
}
