/** What a worker does with a job. It may run twice, here and elsewhere, at the same time: the bits are the same, and later ones win. */

import { UnrecoverableError, WaitingError } from "bullmq";
import { addJobs } from "./queue.js";
import { parametersOf, promotions } from "./study.js";
import { train } from "./train.js";

export const [CANCELLED, STOPPING] = ["cancelled", "stopping"];

/**
 * @param cancel ends the job through its signal
 * @param period milliseconds between checkpoints
 */
export function createProcessor({ store, queue, cancel, period }) {
  const work = async (job, signal) => {
    const { data } = job;
    const study = await store.study(data.study);
    if (!study) throw new Error(`study ${data.study} is not in Redis`);
    if (await store.cancelled(data)) throw CANCELLED;
    // It has been here before, and died on the way to the end.
    let result = await store.result(data);
    if (!result) {
      const [series, checkpoint] = await Promise.all([store.series(data.series), store.checkpoint(data)]);
      if (!series) throw new Error(`series ${data.series} is not in Redis`);
      const epochs = study.rungs[data.rung];
      let fromNothing = !checkpoint;
      const keep = async (state) => {
        const cancelled = await store.keep(data, state, fromNothing);
        fromNothing = false;
        if (cancelled) cancel(job.id);
        await job.updateProgress({ epochs: state.epochs, of: epochs, loss: state.loss });
      };
      const parameters = parametersOf(study, data.trial);
      const { bytes, ...rest } = await train(parameters, series, { epochs, checkpoint, keep: lenient(keep, job), signal, period });
      result = { ...data, ...parameters, epochs, ...rest };
      await store.putResult(data, result, bytes);
    }
    await addJobs(queue, promotions(study, data.series, await store.results(data.study, data.series)));
    return { loss: result.loss, sha256: result.sha256 };
  };

  // BullMQ gives a signal to processors of three arguments.
  return async (job, token, signal) => {
    try {
      return await work(job, signal);
    } catch (error) {
      const reason = signal.aborted ? signal.reason : error;
      if (reason === STOPPING) {
        // Another worker goes on at once, from the checkpoint.
        await job.moveToWait(token);
        throw new WaitingError();
      }
      if (reason === CANCELLED) throw new UnrecoverableError(CANCELLED);
      // Wrong data is as wrong the next time: it is set aside, with the path of the wrong number.
      if (error instanceof TypeError || error instanceof RangeError) throw new UnrecoverableError(error.message);
      throw error;
    }
  };
}

/** A checkpoint for which there is no room is left out, and said: the training need not stop for it. */
const lenient = (keep, job) => async (state) => {
  try {
    await keep(state);
  } catch (error) {
    if (!/^OOM/.test(error.message)) throw error;
    console.error(`${job.id}: no checkpoint, as Redis is full`);
  }
};
