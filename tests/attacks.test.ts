/** The short form of every attack, and the runner of attacks. */

import { describe, expect, test } from "vitest";
import { ATTACKS } from "../attacks/all.js";
import type { Attack, Attempts } from "../attacks/attack.js";
import { run } from "../attacks/run.js";

test("each attack has a name of its own", () => {
  const names = ATTACKS.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
});

for (const attack of ATTACKS) {
  test(`${attack.name}: ${attack.promise}`, async () => {
    const { tries, failures } = await run(attack, { seed: 1, tries: attack.short, hang: 500_000 });
    expect(failures).toEqual([]);
    expect(tries).toBe(attack.short);
  });
}

describe("the runner", () => {
  const attack = (attempts: Partial<Attempts>, open = () => {}): Attack => ({
    name: "fake",
    promise: "nothing",
    short: 1,
    full: 1,
    open: () => {
      open();
      return { attempt: () => {}, ...attempts };
    },
  });

  test("lists what failed with the command that repeats it, and runs the others", async () => {
    const tried: number[] = [];
    let closed = 0;
    const outcome = await run(
      attack({
        attempt: (n) => {
          tried.push(n);
          if (n % 2 === 1) throw new Error(`odd: ${n}`);
        },
        close: () => void closed++,
        note: () => `${tried.length} tried`,
      }),
      { seed: 7, from: 4, tries: 4 },
    );
    expect(tried).toEqual([4, 5, 6, 7]);
    expect(outcome).toMatchObject({ tries: 4, note: "4 tried" });
    expect(outcome.failures).toEqual(
      [5, 7].map((n) => ({ message: `odd: ${n}`, again: `npm run attack -- --only fake --seed 7 --from ${n} --tries 1` })),
    );
    expect(closed).toBe(1);
  });

  test.each<[string, Partial<Attempts>, () => void]>([
    ["opens", {}, () => expect.fail("no room")],
    ["closes", { close: () => Promise.reject(new Error("no room")) }, () => {}],
    ["tries", { attempt: () => expect.fail("no room") }, () => {}],
  ])("an attack that fails where it %s has failed", async (_, attempts, open) => {
    const { failures } = await run(attack(attempts, open), { seed: 1, tries: 1 });
    expect(failures).toMatchObject([{ message: "no room" }]);
  });

  test("a try that hangs is a failure", async () => {
    const { failures } = await run(attack({ attempt: () => new Promise(() => {}) }), { seed: 1, tries: 1, hang: 20 });
    expect(failures).toMatchObject([{ message: "hangs: not done after 0.02 s" }]);
  });

  test("ends at its time, when it is told to, and after ten failures", async () => {
    const stop = new AbortController();
    const bounds = { seed: 1, tries: Infinity };
    expect((await run(attack({}), { ...bounds, time: 5 })).failures).toEqual([]);
    const stopped = await run(attack({ attempt: (n) => void (n === 2 && stop.abort()) }), { ...bounds, signal: stop.signal });
    expect(stopped).toMatchObject({ tries: 3, failures: [] });
    const failed = await run(attack({ attempt: (n) => expect.fail(`${n}`) }), bounds);
    expect(failed.failures.length).toBe(10);
  });
});
