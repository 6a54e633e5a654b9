/** Series to try it with: waves of two periods, with noise. In your program, your own. */

/** @returns `steps` values of series number `i`, the same on every machine */
export function makeSeries(i, steps = 600) {
  let noise = 12345 + i;
  return Float32Array.from({ length: steps }, (_, t) => {
    noise = (Math.imul(noise, 1664525) + 1013904223) >>> 0;
    // Triangles: Math.sin may differ in the last bit from machine to machine.
    const wave = (period) => Math.abs(((t % period) / period) * 4 - 2) - 1;
    return 10 + i + wave(20 + (i % 7)) + 0.5 * wave(7 + (i % 3)) + 0.3 * (noise / 2 ** 32 - 0.5);
  });
}
