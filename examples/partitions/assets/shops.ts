import { asset, dynamicPartitions, rows } from "sluice";

/** Shops are added as they open: with the command Add Partition, or `sluice partitions add shop berlin`. */
const shops = dynamicPartitions("shop", { column: "shop" });

interface Visit {
  readonly shop: string;
  readonly hour: number;
  readonly visitors: number;
}
export const visits = asset("shop_visits", {
  group: "shops",
  description: "Visitors of a shop by hour of the day",
  partitions: shops,
  run: (_, { partition }): Visit[] =>
    Array.from({ length: 10 }, (_, n) => ({ shop: partition.key, hour: 9 + n, visitors: 5 + ((partition.key.length * 7 + n * 13) % 40) })),
});

export const busiestHours = asset("busiest_hours", {
  group: "shops",
  description: "The hour with the most visitors, of each shop that there is",
  inputs: { visits: visits.as(rows<Visit>()).all().with({ allowMissingPartitions: true }) },
  run: async ({ visits }) => {
    const found: Visit[] = [];
    for await (const [, hours] of visits) found.push(...hours.toSorted((a, b) => b.visitors - a.visitors).slice(0, 1));
    return found;
  },
});
