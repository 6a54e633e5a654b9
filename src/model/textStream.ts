/** Generated tokens as the body of a server's response. */

import { fail } from "../core/check.js";

/**
 * Encodes tokens as text, a token at a time as the reader asks. Nothing is generated ahead; if the reader leaves, generation ends.
 * @param tokens the result of `model.generate` or `stream.generate`
 * @param decode the text of a token
 * @throws TypeError if `decode` is no function; in the stream, the error that it throws
 * @example new Response(textStream(model.generate(prompt, { length: 200 }), (token) => alphabet[token]));
 */
export function textStream(tokens: Iterable<number>, decode: (token: number) => string): ReadableStream<Uint8Array<ArrayBuffer>> {
  if (typeof decode !== "function") fail(TypeError, "decode", "a function from a token to its text", decode);
  const encoder = new TextEncoder();
  const iterator = tokens[Symbol.iterator]();
  const source: UnderlyingDefaultSource<Uint8Array<ArrayBuffer>> = {
    pull(controller) {
      const { done, value } = iterator.next();
      if (done) controller.close();
      else controller.enqueue(encoder.encode(decode(value)));
    },
    cancel() {
      iterator.return?.();
    },
  };
  return new ReadableStream(source, { highWaterMark: 0 });
}
