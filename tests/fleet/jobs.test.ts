/** examples/jobs, with a Redis and workers of its own: what is promised, and what goes wrong. */

import { type ChildProcess, spawn } from "node:child_process";
import { setTimeout } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { chaos } from "../../examples/jobs/chaos.js";
import { addAll, addJobs, cancel, openQueue } from "../../examples/jobs/queue.js";
import { bestOf, tableOf } from "../../examples/jobs/results.js";
import { makeSeries } from "../../examples/jobs/series.js";
import { connect, LARGEST, Store } from "../../examples/jobs/store.js";
import { firstJobs, idOf, parametersOf, promotions, STUDY } from "../../examples/jobs/study.js";
import { train } from "../../examples/jobs/train.js";
import { startRedis } from "../../examples/redis.js";

const folder = new URL("../../examples/jobs", import.meta.url).pathname;

test("workers and Redis are killed, and every model has the bits of an undisturbed run", async () => {
  const { wrong, kills, restarts } = await chaos({ models: 12, workers: 4, kill: 1.5 });
  expect(wrong).toEqual([]);
  expect(kills).toBeGreaterThan(0);
  expect(restarts).toBe(1);
});

describe("a study", () => {
  test("the hyper-parameters are a function of the trial", () => {
    expect(parametersOf(STUDY, 3)).toEqual(parametersOf(STUDY, 3));
    const all = Array.from({ length: 200 }, (_, trial) => parametersOf(STUDY, trial));
    expect(new Set(all.map(({ units }) => units))).toEqual(new Set(STUDY.units));
    for (const { learningRate } of all) expect(learningRate).toBeGreaterThanOrEqual(STUDY.learningRate[0]!);
    for (const { learningRate } of all) expect(learningRate).toBeLessThanOrEqual(STUDY.learningRate[1]!);
  });

  test.each([
    [0, []],
    [2, []],
    [3, [2]],
    [5, [4]],
    [6, [5, 4]],
    [9, [8, 7, 6]],
  ])("of %d that ended the first rung, the best third goes on", (ended, expected) => {
    const results = Array.from({ length: ended }, (_, trial) => ({ trial, rung: 0, loss: 10 - trial }));
    expect(promotions(STUDY, "s", results).map(({ trial }: { trial: number }) => trial)).toEqual(expected);
  });

  test("the last rung promotes nobody, and what is not a number comes last", () => {
    const at = (rung: number, trial: number, loss: number | null) => ({ rung, trial, loss });
    const results = [
      at(0, 0, null),
      at(0, 1, 5),
      at(0, 2, 4),
      at(1, 2, 3),
      at(1, 3, null),
      at(1, 4, 2),
      at(2, 4, 1),
      at(2, 5, 1),
      at(2, 6, 1),
    ];
    expect(promotions(STUDY, "s", results).map(({ trial, rung }: { trial: number; rung: number }) => [trial, rung])).toEqual([
      [2, 1],
      [4, 2],
    ]);
    expect(bestOf(results.map((result) => ({ ...result, series: "s" })))).toMatchObject([{ trial: 4, rung: 2 }]);
  });
});

describe("with a Redis", () => {
  let redis: Awaited<ReturnType<typeof startRedis>>;
  let connection: ReturnType<typeof connect>;
  let queue: ReturnType<typeof openQueue>;
  let store: Store;
  const workers: ChildProcess[] = [];
  const study = { ...STUDY, name: "test", trials: 1, rungs: [2, 4] };
  /** A job long enough to be found running. */
  const long = { ...study, name: "long", rungs: [100_000] };
  const jobs = (series: string, of = study) => firstJobs(of, series);

  beforeEach(async () => {
    redis = await startRedis();
    connection = connect(redis.url);
    [queue, store] = [openQueue(connection), new Store(connection)];
    await store.putStudy(study);
    await store.putStudy(long);
  });
  afterEach(async () => {
    for (const worker of workers.splice(0)) worker.kill("SIGKILL");
    await queue.close();
    connection.disconnect();
    await redis.end();
  });

  /** A worker, and all that it has said. */
  function work(env: Record<string, string> = {}, flags: string[] = []) {
    const child = spawn(process.execPath, [...flags, "worker.js"], {
      cwd: folder,
      env: { ...process.env, REDIS_URL: redis.url, LOCK: "1000", CHECKPOINT: "100", ...env },
    });
    workers.push(child);
    const worker = { said: "", child, ended: new Promise((resolve) => child.once("close", resolve)) };
    child.stderr.on("data", (data) => (worker.said += data));
    return worker;
  }
  async function until(good: () => unknown) {
    while (!(await good())) await setTimeout(50);
  }
  const done = (count: number) => until(async () => (await queue.getCompletedCount()) === count);
  /** A study with jobs that last for a moment. */
  async function putStudy(epochs: number) {
    const middle = { ...study, name: "middle", rungs: [epochs] };
    await store.putStudy(middle);
    return middle;
  }
  const alone = async (i: number, epochs: number, of = study) => (await train(parametersOf(of, 0), makeSeries(i), { epochs })).sha256;

  test("a sweep: all trials, the best third twice further, to the bit the same as one alone", async () => {
    const sweep = { ...STUDY, name: "sweep", rungs: [1, 2, 4] };
    await store.putStudy(sweep);
    await store.putSeries("s", makeSeries(0));
    // More than may wait: the rest stays with who adds them.
    const adding = addAll(queue, [jobs("s", sweep).slice(0, 5), jobs("s", sweep).slice(5)], 3);
    await setTimeout(500);
    expect(await queue.getWaitingCount()).toBe(5);
    work();
    work();
    await adding;
    const idle = () => until(async () => (await queue.getJobCountByTypes("active", "waiting", "delayed")) === 0);
    await idle();
    const results = await store.results("sweep");
    const ended = (rung: number) => results.filter((result) => result.rung === rung).length;
    // Who was among the best of the first to end goes on as well.
    expect([ended(0), ended(1) >= 3, ended(1) <= 5, ended(2) >= 1]).toEqual([9, true, true, true]);
    for (const { trial, epochs, sha256 } of results) {
      expect(sha256).toBe((await train(parametersOf(sweep, trial), makeSeries(0), { epochs })).sha256);
    }
    expect(tableOf(results)).toHaveLength(1);
    // Once more: the results are there.
    await queue.obliterate();
    await addJobs(queue, jobs("s", sweep));
    await idle();
    expect(await store.results("sweep")).toEqual(results);
  });

  test("what is wrong with a job is its reason: a wrong number sets it aside, a series that is not there yet is waited for", async () => {
    const worker = work();
    await store.putSeries("bad", makeSeries(0).fill(NaN, 300, 301));
    await addJobs(queue, [...jobs("bad"), ...jobs("late")]);
    await until(async () => (await queue.getFailedCount()) === 1);
    const [bad] = await queue.getFailed();
    expect(bad).toMatchObject({
      id: "test-bad-0-0",
      attemptsMade: 1,
      failedReason: '"series, step 300" expected a finite number, got NaN',
    });
    await until(() => /test-late-0-0: series late is not in Redis/.test(worker.said));
    await store.putSeries("late", makeSeries(1));
    await done(1);
    expect((await store.result(jobs("late")[0])).sha256).toBe(await alone(1, 2));
  });

  test("a job is cancelled while it waits and while it runs, and is not tried again", async () => {
    await store.putSeries("s", makeSeries(0));
    await store.putSeries("t", makeSeries(1));
    const [[running], [waiting]] = [jobs("s", long), jobs("t", long)];
    await addJobs(queue, [running]);
    work();
    await until(() => store.checkpoint(running));
    await addJobs(queue, [waiting]);
    expect(await cancel(queue, store, waiting)).toBe("removed");
    expect(await cancel(queue, store, running)).toBe("asked");
    await until(async () => (await queue.getFailedCount()) === 1);
    expect(await queue.getFailed()).toMatchObject([{ id: idOf(running), failedReason: "cancelled", attemptsMade: 1 }]);
    expect(await queue.getJobCounts("active", "waiting", "delayed")).toEqual({ active: 0, waiting: 0, delayed: 0 });
  });

  test("a worker that is asked to end gives its job back at once, and another goes on from there", async () => {
    const middle = await putStudy(400);
    await store.putSeries("s", makeSeries(0));
    const [job] = jobs("s", middle);
    await addJobs(queue, [job]);
    // A lock that nobody sees the end of: it must be given back.
    const first = work({ LOCK: "60000", CHECKPOINT: "60000" });
    await until(() => store.checkpoint(job));
    first.child.kill("SIGTERM");
    await first.ended;
    expect((await store.checkpoint(job))!.updates).toBeGreaterThanOrEqual(5);
    expect(await queue.getActiveCount()).toBe(0);
    work({ LOCK: "60000" });
    await done(1);
    expect((await store.result(job)).sha256).toBe(await alone(0, 400, middle));
    expect(await store.begun(job)).toBe(1);
  });

  test("a job that kills its worker each time is set aside", async () => {
    await store.putSeries("s", makeSeries(0));
    const [job] = jobs("s", long);
    await addJobs(queue, [job]);
    for (let deaths = 0; deaths < 2; deaths++) {
      const worker = work({ DEATHS: "1" });
      await until(async () => (await queue.getJob(idOf(job)))?.processedBy === `${worker.child.pid}`);
      worker.child.kill("SIGKILL");
      await worker.ended;
    }
    work({ DEATHS: "1" });
    await until(async () => (await queue.getFailedCount()) === 1);
    expect((await queue.getFailed())[0]!.failedReason).toMatch(/stalled more than allowable limit/);
  });

  test("Redis away at the start, and in the middle: said once, waited for, nothing lost", async () => {
    await store.putSeries("s", makeSeries(0));
    const middle = await putStudy(400);
    const [job] = jobs("s", middle);
    await addJobs(queue, [job]);
    await redis.stop();
    const worker = work();
    await until(() => /Redis at redis:\/\/127.0.0.1:\d+ is away \(ECONNREFUSED\): trying again/.test(worker.said));
    redis = await startRedis(redis);
    await until(() => store.checkpoint(job));
    await redis.stop("SIGKILL");
    await setTimeout(1000);
    redis = await startRedis(redis);
    await done(1);
    expect((await store.result(job)).sha256).toBe(await alone(0, 400, middle));
    expect(await store.begun(job)).toBe(1);
    expect(worker.said).toMatch(/^(Redis at \S+ is away \([^)]*\): trying again\nRedis is there\n){2}/);
  });

  test("a full Redis: said, and done when there is room", async () => {
    await store.putSeries("s", makeSeries(0));
    const middle = await putStudy(400);
    const [job] = jobs("s", middle);
    await addJobs(queue, [job]);
    const worker = work();
    await until(() => store.checkpoint(job));
    await connection.config("SET", "maxmemory", "1mb");
    await expect(store.putSeries("t", makeSeries(1))).rejects.toThrow(/^OOM command not allowed when used memory > 'maxmemory'/);
    await until(() => /no checkpoint, as Redis is full/.test(worker.said));
    await connection.config("SET", "maxmemory", "0");
    await done(1);
    expect((await store.result(job)).sha256).toBe(await alone(0, 400, middle));
  });

  test("a clock that jumps: the job may run twice, and ends the same", async () => {
    await store.putSeries("s", makeSeries(0));
    const middle = await putStudy(600);
    const [job] = jobs("s", middle);
    await addJobs(queue, [job]);
    // Every half second the clock goes an hour on or two back.
    const jump = `const now = Date.now; Date.now = () => now() + 3600e3 * ((Math.floor(now() / 500) % 2) * 3 - 2);`;
    const flags = ["--import", `data:text/javascript,${encodeURIComponent(jump)}`];
    work({}, flags);
    work({}, flags);
    await done(1);
    expect((await store.result(job)).sha256).toBe(await alone(0, 600, middle));
    expect(await store.begun(job)).toBe(1);
  });

  test("what is too large, or has no name, is refused before it is sent", async () => {
    await expect(store.putSeries("s", new Float32Array(LARGEST / 4 + 1))).rejects.toThrow(
      /^series s has 67108868 bytes, more than 67108864$/,
    );
    await expect(store.putSeries("a:b", new Float32Array(1))).rejects.toThrow(RangeError);
    await expect(store.putSeries("s", [1, 2] as never)).rejects.toThrow(TypeError);
    await expect(addJobs(queue, [{ ...jobs("s")[0], series: "x".repeat(2000) }])).rejects.toThrow(/size.*exceeds the limit 1024/i);
  });

  test("the page shows the queue, its metrics and the results", async () => {
    await store.putSeries("s", makeSeries(0));
    await addJobs(queue, jobs("s"));
    work();
    await done(1);
    const page = spawn(process.execPath, ["page.js"], { cwd: folder, env: { ...process.env, REDIS_URL: redis.url, PORT: "0" } });
    workers.push(page);
    const address = await new Promise<string>((resolve) => page.stdout.on("data", (data) => resolve(String(data).trim())));
    const text = async (path: string) => (await fetch(address + path)).text();
    expect(await text("/metrics")).toMatch(/^bullmq_job_count\{queue="memcell-train", state="completed"\} 1$/m);
    expect(JSON.parse(await text("/results/test"))).toMatchObject([{ series: "s", trial: 0, epochs: 2 }]);
    expect(await text("/")).toMatch(/Bull Dashboard/);
    expect(await text("/api/queues")).toMatch(/memcell-train/);
  });
});
