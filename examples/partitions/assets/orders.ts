import { asset, dailyPartitions, md, monthlyPartitions, multiPartitions, rows, self, sql, staticPartitions, table } from "sluice";
import { ordersOf } from "../lib/made-up.ts";

const days = dailyPartitions({ start: "2026-01-01", end: "2026-02-01", column: "day" });
const regions = staticPartitions(["eu", "us", "apac"], { column: "region" });

/** A partition for each day and region: 93 of them, each stored and replaced by itself. */
export const orders = asset("orders", {
  group: "orders",
  description: "What was ordered, by day and region",
  partitions: multiPartitions({ day: days, region: regions }),
  run: (_, { partition }) => ordersOf(partition.dimensions.day.key, partition.dimensions.region.key),
});

/** A day of every region: the other dimension is taken as a whole, and stays in the database. */
export const dailyRevenue = asset("daily_revenue", {
  group: "revenue",
  description: "Revenue of a day over all regions, in cents",
  partitions: days,
  inputs: { orders: orders.as(sql).all("region").merged() },
  run: ({ orders }) => sql`
    select day, cast(sum(pieces) as bigint) as pieces, cast(sum(pieces * price) as bigint) as revenue
    from ${orders}
    group by day`,
});

interface Day {
  readonly day: string;
  readonly pieces: bigint;
  readonly revenue: bigint;
}
interface Balance {
  readonly day: string;
  readonly revenue: number;
  readonly total: number;
}
/** Each day stands on the day before: a run of several goes through them in order. */
export const runningTotal = asset("running_total", {
  group: "revenue",
  description: "Revenue since the first day, which each day adds to",
  partitions: days,
  inputs: {
    before: self(rows<Balance>()).window({ start: -1, end: -1 }),
    today: dailyRevenue.as(rows<Day>()),
  },
  run: async ({ before, today }, { partition, metadata }): Promise<Balance[]> => {
    const [yesterday] = before.keys;
    const [last] = yesterday === undefined ? [] : await before.get(yesterday);
    const revenue = Number(today[0]?.revenue ?? 0n);
    const total = (last?.total ?? 0) + revenue;
    metadata({
      note: md(`**${(revenue / 100).toFixed(2)}** on ${partition.key}, after ${((last?.total ?? 0) / 100).toFixed(2)} before it.`),
    });
    return [{ day: partition.key, revenue, total }];
  },
});

interface Month {
  readonly month: Date;
  readonly days: number;
  readonly revenue: number;
}
/** A month of days: it is made of those inside it. */
export const monthlyReport = asset("monthly_report", {
  group: "revenue",
  description: "Revenue of a month",
  partitions: monthlyPartitions({ start: "2026-01-01", end: "2026-02-01", column: "month" }),
  inputs: { days: dailyRevenue.as(rows<Day>()) },
  run: async ({ days }, { partition, metadata }): Promise<Month[]> => {
    const all: Day[] = [];
    for await (const [, [day]] of days) if (day) all.push(day);
    const best = all.toSorted((a, b) => Number(b.revenue - a.revenue)).slice(0, 3);
    metadata({ best: table(best.map(({ day, revenue }) => ({ day, revenue: Number(revenue) / 100 }))) });
    return [{ month: partition.start, days: all.length, revenue: all.reduce((sum, { revenue }) => sum + Number(revenue), 0) }];
  },
});
