interface Linked {
  readonly upstream: readonly { readonly id?: string }[];
  readonly downstream: readonly string[];
}

/** Ids, each after its upstream; otherwise in the map's order. Members of a cycle come where the first of them stands. */
export function topologicalOrder(nodes: ReadonlyMap<string, Linked>): readonly string[] {
  const done = new Set<string>();
  const order: string[] = [];
  for (const first of nodes.keys()) {
    // Depth first without recursion: a chain of 10,000 assets must not overflow the stack.
    const path: { readonly id: string; next: number }[] = [];
    const enter = (id: string) => {
      done.add(id);
      path.push({ id, next: 0 });
    };
    if (!done.has(first)) enter(first);
    for (let top = path.at(-1); top; top = path.at(-1)) {
      const upstream = nodes.get(top.id)?.upstream ?? [];
      const edge = upstream[top.next++];
      if (edge) {
        if (edge.id !== undefined && nodes.has(edge.id) && !done.has(edge.id)) enter(edge.id);
      } else {
        order.push(top.id);
        path.pop();
      }
    }
  }
  return order;
}

/** Everything upstream of these nodes, without them. */
export function upstreamOf(ids: readonly string[], nodes: ReadonlyMap<string, Linked>): ReadonlySet<string> {
  const found = new Set<string>();
  const waiting = [...ids];
  for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
    for (const edge of nodes.get(id)?.upstream ?? []) {
      if (edge.id === undefined || found.has(edge.id) || ids.includes(edge.id)) continue;
      found.add(edge.id);
      waiting.push(edge.id);
    }
  }
  return found;
}
