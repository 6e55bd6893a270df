import { asset, rows, sql } from "sluice";
import { vegaData } from "../lib/vega.ts";

export const flights = asset("staging/flights", {
  description: "Three million flights in the United States in the first half of 2001.",
  group: "staging",
  run: () => sql<{ date: Date; delay: bigint; distance: bigint; origin: string; destination: string }>`
    select date, delay, distance, origin, destination from read_parquet(${vegaData("flights-3m.parquet")})`,
});

interface AirportLine {
  readonly iata: string;
  readonly name: string;
  readonly city: string | null;
  readonly state: string | null;
  readonly country: string;
  readonly latitude: number;
  readonly longitude: number;
}

export const airportLines = asset("staging/airport_lines", {
  description: "Airports as the file has them.",
  group: "staging",
  run: () => sql<AirportLine>`select * from read_csv(${vegaData("airports.csv")}, nullstr = 'NA')`,
});

export const airports = asset("staging/airports", {
  description: "Airports with a readable place and no stray spaces.",
  group: "staging",
  inputs: { lines: airportLines.as(rows()) },
  run: ({ lines }) =>
    lines.map(({ iata, name, city, state, country, latitude, longitude }) => ({
      iata,
      name: name.trim(),
      place: [city, state, country === "USA" ? null : country].filter((part) => part !== null).join(", "),
      latitude,
      longitude,
    })),
});

export const weather = asset("staging/weather", {
  description: "Daily weather of Seattle and New York, 2012 to 2015.",
  group: "staging",
  run: () => sql<{ location: string; date: Date; precipitation: number; temp_max: number; temp_min: number; wind: number; weather: string }>`
    select * from read_csv(${vegaData("weather.csv")})`,
});
