/**
 * One model over several machines, which memcell does not do itself: the model goes to PyTorch, is trained there by DistributedDataParallel,
 * and comes back. Here with two processes of this machine, which talk by gloo. Needs Debian's python3-torch.
 *
 *     npm ci && npm start
 */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createModel, dense, lstm } from "memcell";
import { fromStateDict, toStateDict } from "memcell/torch";

const PROCESSES = 2;
const [SEQUENCES, STEPS, FEATURES, UNITS] = [64, 40, 2, 32];
const PREFIXES = ["rnn.", "head."];
const config = { input: { features: FEATURES }, layers: [lstm({ units: UNITS }), dense({ units: 1 })], seed: 1 };
const folder = mkdtempSync(join(tmpdir(), "memcell-ddp-"));
const write = (name, bytes) => writeFileSync(join(folder, name), bytes);

// Two waves in; their product, one step later, is the target.
const wave = (i, t) => [Math.sin(t / (3 + (i % 5))), Math.cos(t / (4 + (i % 3)))];
const sequences = Array.from({ length: SEQUENCES }, (_, i) => ({
  inputs: Float32Array.from({ length: STEPS * FEATURES }, (_, k) => wave(i, Math.floor(k / FEATURES))[k % FEATURES]),
  targets: Float32Array.from({ length: STEPS }, (_, t) => (t === 0 ? 0 : wave(i, t - 1)[0] * wave(i, t - 1)[1])),
}));
const flat = (key) => Buffer.concat(sequences.map((sequence) => Buffer.from(sequence[key].buffer)));

const model = createModel(config);
write("net.safetensors", toStateDict(model, { prefix: PREFIXES }));
write("inputs.f32", flat("inputs"));
write("targets.f32", flat("targets"));
write("sizes.json", JSON.stringify({ sequences: SEQUENCES, steps: STEPS, features: FEATURES, units: UNITS }));

// On several machines the same with MASTER_ADDR of the first one, or by torchrun, which sets these variables.
const port = createServer().listen(0, "127.0.0.1");
await once(port, "listening");
const env = { MASTER_ADDR: "127.0.0.1", MASTER_PORT: `${port.address().port}`, WORLD_SIZE: `${PROCESSES}`, OMP_NUM_THREADS: "1" };
port.close();
const script = fileURLToPath(new URL("train.py", import.meta.url));
const ends = Array.from({ length: PROCESSES }, (_, rank) => {
  const child = spawn("/usr/bin/python3", [script, folder], { stdio: "inherit", env: { ...process.env, ...env, RANK: `${rank}` } });
  return once(child, "exit");
});
for (const [code] of await Promise.all(ends)) if (code !== 0) throw new Error(`train.py ended with ${code}`);

const { model: trained } = fromStateDict(readFileSync(join(folder, "net.pt")), config, { prefixes: PREFIXES });
const before = model.evaluate(sequences, { loss: "mse" }).loss;
const after = trained.evaluate(sequences, { loss: "mse" }).loss;
const theirs = new Float32Array(Uint8Array.from(readFileSync(join(folder, "outputs.f32"))).buffer);
const apart = trained.predict(sequences.slice(0, 1))[0].reduce((most, y, t) => Math.max(most, Math.abs(y - theirs[t])), 0);
rmSync(folder, { recursive: true });
console.log(`loss ${before.toFixed(4)} before, ${after.toFixed(4)} after; outputs at most ${apart.toExponential(1)} from PyTorch's`);
if (!(after < before / 10) || !(apart < 1e-5)) process.exitCode = 1;
