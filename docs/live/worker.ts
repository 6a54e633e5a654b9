/** Runs one program beside the page. */

import { run } from "./run.js";

export type News = { line: string } | { end: true; error?: string };

const say = (news: News) => postMessage(news);

addEventListener("message", ({ data }: MessageEvent<string>) => {
  run(data, (line) => say({ line })).then(
    () => say({ end: true }),
    (error: unknown) => say({ end: true, error: String(error) }),
  );
});
