/** A canvas on which a series is drawn from left to right, values from -1 to 1. */

import { element } from "../figures/kit/dom.js";
import { STEPS } from "./settings.js";

/** @param changed called when a stroke ends */
export function pad(changed: (values: Float32Array) => void) {
  const canvas = element("canvas", {
    width: "1600",
    height: "360",
    role: "img",
    "aria-label": "The drawn series. Without a pointer, choose one to begin with, or open a file.",
  });
  const values = new Float32Array(STEPS);
  let last: { t: number; value: number } | undefined;
  const draw = () => {
    const context = canvas.getContext("2d") as CanvasRenderingContext2D;
    const { width, height } = canvas;
    const line = (colour: string, thick: number, points: [number, number][]) => {
      context.strokeStyle = colour;
      context.lineWidth = thick;
      context.beginPath();
      for (const [x, y] of points) context.lineTo(x, y);
      context.stroke();
    };
    const style = getComputedStyle(canvas);
    const middle = height / 2;
    context.clearRect(0, 0, width, height);
    line(style.borderColor, 1, [
      [0, middle],
      [width, middle],
    ]);
    line(
      style.color,
      4,
      Array.from(values, (value, t): [number, number] => [(t / (STEPS - 1)) * width, middle - value * middle]),
    );
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
  return {
    element: canvas,
    draw,
    show(series: (t: number) => number) {
      values.forEach((_, t) => (values[t] = series(t)));
      draw();
      changed(values.slice());
    },
  };
}
