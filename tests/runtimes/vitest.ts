/** Vitest where it has no runner of its own: its published parts, on a list of files that are in the bundle. */

import {
  ASYMMETRIC_MATCHERS_OBJECT,
  customMatchers,
  GLOBAL_EXPECT,
  JestAsymmetricMatchers,
  JestChaiExpect,
  JestExtend,
  setState,
} from "@vitest/expect";
import { startTests, type VitestRunner } from "@vitest/runner";
import * as chai from "chai";

export { afterAll, afterEach, beforeAll, beforeEach, describe, test } from "@vitest/runner";

chai.use(JestExtend);
chai.use(JestChaiExpect);
chai.use(JestAsymmetricMatchers);
const matchers = (globalThis as unknown as Record<symbol, object>)[ASYMMETRIC_MATCHERS_OBJECT as unknown as symbol];
export const expect = Object.assign((value: unknown, message?: string) => chai.expect(value, message), chai.expect, matchers) as never;
Object.assign(globalThis, { [GLOBAL_EXPECT]: expect });
setState({ assertionCalls: 0, currentTestName: "", isExpectingAssertions: false, isExpectingAssertionsError: null }, expect);
(chai.expect as unknown as { extend(expect: unknown, matchers: object): void }).extend(expect, customMatchers);

export interface Result {
  passed: number;
  failed: number;
  /** What the first failures say. */
  errors: string[];
}

interface Task {
  type: string;
  name: string;
  mode: string;
  tasks?: Task[];
  result?: { state: string; errors?: { message: string; stack?: string }[] };
}

/**
 * Runs the tests of files that are loaded by name.
 * @param without names of tests that this runtime cannot run
 */
export async function run(files: Record<string, () => Promise<unknown>>, without: readonly string[] = []): Promise<Result> {
  const skip = (task: Task) => {
    if (without.includes(task.name)) task.mode = "skip";
    task.tasks?.forEach(skip);
  };
  let ended = 0;
  const runner = {
    config: {
      root: "/",
      name: "",
      setupFiles: [],
      passWithNoTests: false,
      testNamePattern: undefined,
      allowOnly: false,
      sequence: { seed: 1, hooks: "stack", setupFiles: "list" },
      chaiConfig: undefined,
      maxConcurrency: 1,
      testTimeout: 120_000,
      hookTimeout: 120_000,
      retry: 0,
      includeTaskLocation: false,
      diffOptions: undefined,
      tags: [],
      tagsFilter: undefined,
      strictTags: false,
    },
    importFile: (name: string) => files[name]?.(),
    onCollected: (collected: unknown) => (collected as Task[]).forEach(skip),
    // Chromium does not collect unused memories by itself in time; from the event loop, so that no stack holds on to any.
    onAfterRunTask: async () => {
      if (ended++ % 50 === 0) await (globalThis as { gc?(options: object): Promise<void> }).gc?.({ type: "major", execution: "async" });
    },
  } as unknown as VitestRunner;
  const result: Result = { passed: 0, failed: 0, errors: [] };
  const count = (task: Task, path: string) => {
    const name = `${path} > ${task.name}`;
    if (task.type === "test") {
      if (task.result?.state === "pass") result.passed++;
      else if (task.result?.state === "fail") result.failed++;
    } else if (task.result?.state === "fail" && task.result.errors?.length) result.failed++;
    for (const { message } of task.result?.errors ?? []) if (result.errors.length < 20) result.errors.push(`${name}: ${message}`);
    for (const inner of task.tasks ?? []) count(inner, name);
  };
  for (const file of await startTests(Object.keys(files), runner)) count(file as unknown as Task, "");
  return result;
}
