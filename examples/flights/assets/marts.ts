import { tableFromArrays } from "apache-arrow";
import { arrow, asset, sql } from "sluice";
import { airports, flights, weather } from "./staging.ts";

export const routes = asset("marts/routes", {
  description: "Every pair of airports that was flown, with how often and how late.",
  group: "marts",
  inputs: { flights: flights.as(sql) },
  run: ({ flights }) => sql<{ origin: string; destination: string; flights: bigint; distance: bigint; mean_delay: number; late_share: number }>`
    select origin, destination, count(*) as flights, any_value(distance) as distance, avg(delay) as mean_delay, avg((delay > 15)::int) as late_share
    from ${flights} group by all order by flights desc`,
});

export const airportDelays = asset("marts/airport_delays", {
  description: "How late flights leave, by airport.",
  group: "marts",
  inputs: { flights: flights.as(sql), airports: airports.as(sql) },
  run: ({ flights, airports }) => sql`
    select a.iata, a.name, a.place, a.latitude, a.longitude, count(*) as departures, avg(f.delay) as mean_delay, quantile_cont(f.delay, 0.95) as p95_delay
    from ${flights} f join ${airports} a on a.iata = f.origin
    group by all order by departures desc`,
});

export const dailyDelays = asset("marts/daily_delays", {
  description: "Flights and their delay, day by day.",
  group: "marts",
  inputs: { flights: flights.as(sql) },
  run: ({ flights }) => sql`
    select date::date as day, count(*) as flights, avg(delay) as mean_delay, max(delay) as worst_delay from ${flights} group by day order by day`,
});

export const delayHistogram = asset("marts/delay_histogram", {
  description: "How many flights were how late, in steps of ten minutes; counted in TypeScript over one Arrow column.",
  group: "marts",
  inputs: { flights: flights.as(arrow).with({ columns: ["delay"] }) },
  run: ({ flights }) => {
    const from = -60;
    const step = 10;
    const counts = new Int32Array(25);
    for (const batch of flights.batches) {
      const delays = batch.getChildAt(0)?.toArray() as BigInt64Array;
      for (const delay of delays) {
        const bin = Math.floor((Number(delay) - from) / step);
        counts[Math.min(counts.length - 1, Math.max(0, bin))]! += 1;
      }
    }
    return tableFromArrays({ minutes: Int32Array.from(counts, (_, bin) => from + bin * step), flights: counts });
  },
});

export const seattleWeatherNormals = asset("marts/seattle_weather_normals", {
  description: "What the weather in Seattle is like on each day of the year.",
  group: "marts",
  inputs: { weather: weather.as(sql) },
  run: ({ weather }) => sql`
    select month(date) as month, day(date) as day, avg(precipitation) as precipitation, avg(temp_max) as temp_max, avg(wind) as wind, mode(weather) as weather
    from ${weather} where location = 'Seattle' group by 1, 2 order by 1, 2`,
});

export const seattleDelays = asset("marts/seattle_delays", {
  description: "Departures from Seattle beside the weather that is usual on that day.",
  group: "marts",
  inputs: { flights: flights.as(sql), normals: seattleWeatherNormals.as(sql) },
  run: ({ flights, normals }) => sql`
    select f.date::date as date, count(*) as departures, avg(f.delay) as mean_delay, any_value(n.precipitation) as usual_precipitation, any_value(n.weather) as usual_weather
    from ${flights} f join ${normals} n on n.month = month(f.date) and n.day = day(f.date)
    where f.origin = 'SEA' group by 1 order by 1`,
});
