/** A canvas on which a series is drawn from left to right, values from -1 to 1. */

import { element } from "../figures/kit/dom.js";

const STEPS = 300;

/** @param changed called when a stroke ends */
export function pad(changed: (values: Float32Array) => void) {
  const canvas = element("canvas", {
    width: "900",
    height: "180",
    role: "img",
    "aria-label": "The drawn series. Without a pointer, open a file or take the sine that is drawn at first.",
  });
  const values = Float32Array.from({ length: STEPS }, (_, t) => 0.7 * Math.sin(t / 6));
  let last: { t: number; value: number } | undefined;
  const draw = () => {
    const context = canvas.getContext("2d") as CanvasRenderingContext2D;
    context.clearRect(0, 0, canvas.width, canvas.height);
    context.strokeStyle = "#b4532a";
    context.lineWidth = 2;
    context.beginPath();
    values.forEach((value, t) => context.lineTo((t / (STEPS - 1)) * canvas.width, ((1 - value) / 2) * canvas.height));
    context.stroke();
  };
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    last = undefined;
  });
  canvas.addEventListener("pointermove", (event) => {
    if (event.buttons === 0) return;
    const box = canvas.getBoundingClientRect();
    const t = Math.max(0, Math.min(STEPS - 1, Math.round(((event.clientX - box.left) / box.width) * (STEPS - 1))));
    const value = Math.max(-1, Math.min(1, 1 - (2 * (event.clientY - box.top)) / box.height));
    // Between two events, a straight line.
    const from = last ?? { t, value };
    const gap = Math.max(1, Math.abs(t - from.t));
    for (let i = 0; i <= gap; i++) values[Math.round(from.t + ((t - from.t) * i) / gap)] = from.value + ((value - from.value) * i) / gap;
    last = { t, value };
    draw();
  });
  canvas.addEventListener("pointerup", () => changed(values.slice()));
  draw();
  return { element: canvas, values: () => values.slice() };
}
