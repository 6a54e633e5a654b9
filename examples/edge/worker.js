/**
 * Text from the edge: a Worker of Cloudflare that streams what a small model writes, token by token, as the reader asks.
 *
 *     npm install && npm start
 *     curl 'localhost:8787/?prompt=abc&length=200'
 *
 * The bundler takes the package's `workerd` entry by itself, where the wasm is a module that was compiled beforehand. model.safetensors
 * is a model that `node train.js` made.
 */

import { loadModel, textStream } from "memcell";
import file from "./model.safetensors";

const ALPHABET = "abcdefgh ";
const model = loadModel(file);

export default {
  fetch(request) {
    const query = new URL(request.url).searchParams;
    const prompt = Array.from(query.get("prompt") || "a", (letter) => ALPHABET.indexOf(letter));
    const [length, seed] = [Number(query.get("length") || 100), Number(query.get("seed") || 1)];
    try {
      const tokens = model.generate(prompt, { length, seed });
      return new Response(
        textStream(tokens, (token) => ALPHABET[token]),
        { headers: { "Content-Type": "text/plain; charset=utf-8" } },
      );
    } catch (error) {
      return new Response(error.message, { status: 400 });
    }
  },
};
