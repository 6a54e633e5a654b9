/** Speech by espeak-ng, at 16 kHz, half as loud as can be. */

import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";

export function speech(): Float32Array {
  mkdirSync("build", { recursive: true });
  const said = "Someone brings a trained network from elsewhere, and it says the same here. Then there is silence.";
  execFileSync("espeak-ng", ["-w", "build/speech.wav", said]);
  const wav = readFileSync("build/speech.wav");
  const rate = wav.readUInt32LE(24);
  const begin = wav.indexOf("data") + 8;
  const samples = Float32Array.from({ length: (wav.length - begin) >> 1 }, (_, i) => wav.readInt16LE(begin + 2 * i) / 65536);
  return Float32Array.from({ length: Math.floor((samples.length * 16000) / rate) - 1 }, (_, i) => {
    const at = (i * rate) / 16000;
    const k = Math.floor(at);
    return samples[k]! + (at - k) * ((samples[k + 1] ?? 0) - samples[k]!);
  });
}
