/** The command `memcell`: forecasts and backtests of a CSV file. It uses the package as any program does. */

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { SingleBar } from "cli-progress";
import { createForecaster, type Forecast, type Forecaster, type ForecasterOptions } from "memcell/forecast";
import { writeAtomically } from "memcell/node";
import { type Cells, writeCsv } from "./csv/csv.js";
import { picture } from "./picture.js";
import { type OneSeries, readTable, type Table, Wrong } from "./table.js";

const USAGE = `memcell forecast data.csv --target COLUMN --horizon STEPS    the next steps: forecast.csv and forecast.svg
memcell backtest data.csv --target COLUMN --horizon STEPS    how good that was: backtest.csv and backtest.svg

  --season 7,365.25      steps after which it repeats; by default what the times suggest
  --time COLUMN          the column of times; by default the first that looks like it
  --time-zone ZONE       of instants, such as Europe/Berlin
  --past A,B             columns that are known up to now
  --known A,B            columns that are known ahead: rows below the last target hold them
  --static A,B           columns that are the same in all of a series
  --series COLUMN        names the series that a row belongs to: one model of all
  --quantiles 0.1,0.9    the ends of intervals
  --closed forecast      guesses also what is never there, such as Sundays; by default it is left out
  --transform log        or boxCox, of a positive target
  --units, --ensemble, --epochs, --patience, --seed
  --out FOLDER           where the files go; by default here
  --save FILE            forecast: keeps the model, for loadForecaster()
  --from TIME            backtest: the first time to forecast; by default the last fifth
  --every STEPS          backtest: from one origin to the next
  --refit ORIGINS        backtest: learns anew after so many`;

const TEXTS = ["target", "time", "time-zone", "series", "closed", "transform", "out", "save", "from"] as const;
const LISTS = ["past", "known", "static"] as const;
const NUMBERS = ["season", "quantiles"] as const;
const COUNTS = ["horizon", "units", "ensemble", "epochs", "patience", "seed", "every", "refit"] as const;

function readArguments(given: string[]) {
  const names = [...TEXTS, ...LISTS, ...NUMBERS, ...COUNTS];
  const options = Object.fromEntries(names.map((name) => [name, { type: "string" as const }]));
  const { values, positionals } = parseArgs({
    args: given,
    options: { ...options, help: { type: "boolean", short: "h" } },
    allowPositionals: true,
  });
  const flags = values as Partial<Record<(typeof names)[number], string>> & { help?: boolean };
  const number = (name: string, text: string) => {
    const value = Number(text);
    if (text.trim() === "" || Number.isNaN(value)) throw new Wrong(`--${name} expected a number, got ${JSON.stringify(text)}`);
    return value;
  };
  const numbers = (name: (typeof NUMBERS)[number]) => flags[name]?.split(",").map((text) => number(name, text));
  const count = (name: (typeof COUNTS)[number]) => (flags[name] === undefined ? undefined : number(name, flags[name]));
  const list = (name: (typeof LISTS)[number]) => flags[name]?.split(",").map((text) => text.trim());
  const [command, file, ...more] = positionals;
  return { command, file, more, flags, numbers, count, list };
}

async function main(): Promise<void> {
  const { command, file, more, flags, numbers, count, list } = readArguments(process.argv.slice(2));
  if (flags.help || command === undefined) return console.log(USAGE);
  if (command !== "forecast" && command !== "backtest") throw new Wrong(`expected forecast or backtest, got ${JSON.stringify(command)}`);
  if (file === undefined || more.length > 0) throw new Wrong(`memcell ${command} expected one file`);
  const { target = "", time: named, series: by } = flags;
  const roles = Object.fromEntries(LISTS.map((name) => [name, list(name)]));
  const { time, series, inFile } = readTable(file, { target: flags.target, time: named, series: by, ...roles });
  const horizon = count("horizon");
  if (horizon === undefined) throw new Wrong("--horizon expected a number of steps to forecast, got none");
  if (!time)
    console.log("Noticed: no column of dates (such as 2024-12-31, 31.12.2024 or Dec 2024), so rows are counted; --time names one.");
  const given = {
    target,
    horizon,
    time,
    timeZone: flags["time-zone"],
    season: numbers("season"),
    quantiles: numbers("quantiles"),
    closed: flags.closed,
    transform: flags.transform,
    ...roles,
    ...Object.fromEntries((["units", "ensemble", "epochs", "patience", "seed"] as const).map((name) => [name, count(name)])),
  };
  const options = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as unknown as ForecasterOptions;
  const forecaster = createForecaster(options);
  const out = flags.out ?? ".";
  mkdirSync(out, { recursive: true });
  const write = async (name: string, content: string | Uint8Array) => {
    await writeAtomically(name, typeof content === "string" ? new TextEncoder().encode(content) : content);
    console.log(`wrote ${name}`);
  };
  const inFolder: Write = (name, content) => write(join(out, name), content);
  try {
    if (command === "forecast") {
      const save = flags.save && ((bytes: Uint8Array) => write(flags.save as string, bytes));
      await forecast(forecaster, series, inFile, options, inFolder, save);
    } else await backtest(forecaster, series, options, { from: flags.from, every: count("every"), refit: count("refit") }, inFolder);
  } catch (error) {
    throw inFile(error as Error);
  }
}

type Write = (name: string, content: string) => Promise<void>;

// Who reads its output may stop to, as `head` does.
process.stdout.on("error", () => {});
const stopper = new AbortController();
process.once("SIGINT", () => stopper.abort(new Wrong("stopped; nothing was written")));

async function fit(forecaster: Forecaster, series: Pick<OneSeries, "history">[], epochs = 100): Promise<void> {
  const bar = new SingleBar({ format: "{bar} {stage}, network {network} of {units} units: epoch {epoch}, loss {loss}", etaBuffer: 0 });
  const shown = process.stderr.isTTY;
  if (shown) bar.start(epochs, 0, { stage: "", network: "", units: "", epoch: "", loss: "" });
  try {
    const tables = series.map(({ history }) => history);
    for await (const { stage, network, units, epoch, loss, validation } of forecaster.fit(
      tables.length === 1 ? (tables[0] as Cells) : tables,
      { signal: stopper.signal },
    ))
      if (shown) bar.update(epoch, { stage, network, units, epoch, loss: (validation || loss).toFixed(4) });
  } finally {
    bar.stop();
  }
}

async function forecast(
  forecaster: Forecaster,
  series: OneSeries[],
  inFile: Table["inFile"],
  options: ForecasterOptions,
  write: Write,
  save: ((bytes: Uint8Array) => Promise<void>) | "" | undefined,
): Promise<void> {
  await fit(forecaster, series, options.epochs);
  console.log(`${forecaster.summary()}\n`);
  const forecasts = series.map(({ history, known }, i) => {
    try {
      return forecaster.forecast(history, options.known?.length ? { known } : {});
    } catch (error) {
      throw inFile(error as Error, i);
    }
  });
  const rows = forecasts.flatMap((each: Forecast, i) =>
    each.time.map((time, h) => ({
      ...(series.length > 1 && { series: series[i]?.name }),
      time,
      ...Object.fromEntries(
        Object.entries(each.quantiles).map(([quantile, values]) => [quantile === "0.5" ? "median" : `q${quantile}`, values[h]]),
      ),
    })),
  );
  if (rows.length === 0)
    throw new RangeError("all of the next steps are times at which the file has no numbers: take a longer --horizon, or --closed forecast");
  console.table(
    rows
      .slice(0, 60)
      .map((row) =>
        Object.fromEntries(
          Object.entries(row).map(([name, value]) => [name, typeof value === "number" ? Number(value.toPrecision(5)) : value]),
        ),
      ),
  );
  await write("forecast.csv", writeCsv(rows));
  const [{ name, history }, first] = [series[0], forecasts[0]] as [OneSeries, Forecast];
  const past = (history[options.target] as (number | null)[]).slice(-4 * options.horizon).map((value) => value ?? NaN);
  const times = options.time ? (history[options.time] as string[]).slice(-past.length) : past.map((_, i) => i - past.length + 1);
  const none = Array(past.length).fill(NaN);
  const labels = [...times, ...first.time].map((label) => String(label).replace(/T00:00(:00)?$/, ""));
  const level = Object.keys(first.quantiles).map(Number);
  await write(
    "forecast.svg",
    picture(`${options.target}${series.length > 1 ? `, ${name}` : ""}`, labels, [
      { label: "so far", color: "#444", values: past },
      {
        label: `between ${Math.min(...level)} and ${Math.max(...level)}`,
        color: "#2a78d6",
        values: [...none, ...first.lower],
        to: [...none, ...first.upper],
      },
      { label: "median", color: "#2a78d6", values: [...none, ...first.median] },
    ]),
  );
  if (save) await save(forecaster.save());
}

const COLORS = ["#2a78d6", "#999", "#c9a227", "#7a5195", "#3c9d5b", "#d4532a", "#555"];

async function backtest(
  forecaster: Forecaster,
  series: OneSeries[],
  options: ForecasterOptions,
  { from, every, refit }: { from: string | undefined; every: number | undefined; refit: number | undefined },
  write: Write,
): Promise<void> {
  const tables = series.map(({ history }) => history);
  const [first] = tables as [Cells];
  const row = Math.floor(0.8 * (first[options.target] as unknown[]).length);
  const start = from ?? (options.time ? (first[options.time]?.[row] as string) : row);
  const at = options.time ? start : Number(start);
  const times = options.time ? (first[options.time] as string[]) : [];
  if (from !== undefined && options.time && !(from > String(times[0]) && from <= String(times.at(-1))))
    throw new Wrong(`--from expected a time after ${times[0]} and up to ${times.at(-1)}, written as these, got ${from}`);
  console.log(`Learns from the rows before ${start}, then forecasts from there on.`);
  const before = series.map(({ name, history, known }) => {
    const end = options.time ? (history[options.time] as string[]).findIndex((time) => time >= String(start)) : Number(at);
    return {
      name,
      known,
      history: Object.fromEntries(Object.entries(history).map(([key, list]) => [key, list.slice(0, Math.max(0, end))])),
    };
  });
  await fit(forecaster, before, options.epochs);
  const report = await forecaster.backtest(tables.length === 1 ? first : tables, {
    from: at,
    ...(every && { every }),
    ...(refit && { refit }),
  });
  console.log(`${forecaster.summary()}\n\n${report.origins} origins\n${report.table}\n`);
  await write(
    "backtest.csv",
    writeCsv(report.rows.map(({ series: own, ...rest }) => ({ ...(series.length > 1 && { series: series[own]?.name }), ...rest }))),
  );
  const steps = Array.from({ length: options.horizon }, (_, h) => String(h + 1));
  const lines = report.scores.map(({ forecast }, i) => ({
    label: forecast,
    color: COLORS[i % COLORS.length] as string,
    values: report.horizons.filter((row) => row.forecast === forecast).map(({ mase }) => mase),
  }));
  // The three best baselines, so that the scale is theirs.
  const best = [
    lines[0],
    ...lines
      .slice(1)
      .sort((a, b) => Math.max(...a.values) - Math.max(...b.values))
      .slice(0, 3),
  ];
  await write("backtest.svg", picture("MASE by step", steps, best as typeof lines));
}

main().catch((error: Error) => {
  if (/: (each time once|rows in the order of time)/.test(error.message))
    error.message +=
      "; of a file with many series, --series names the column that tells them apart; where clocks go back, times need their offset, such as +01:00";
  if (/got "\d+[/.]\d+[/.]\d+/.test(error.message))
    error.message += "; all dates in one form, where it shows whether the day or the month is first: 2024-12-31 is clear";
  const usual = error instanceof Wrong || error instanceof TypeError || error instanceof RangeError || "code" in error;
  console.error(usual ? `memcell: ${error.message}` : error);
  if (error instanceof Wrong && !stopper.signal.aborted) console.error("memcell --help shows the options");
  process.exitCode = stopper.signal.aborted ? 130 : 1;
});
