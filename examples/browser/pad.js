/** A canvas on which a series is drawn from left to right, values from -1 to 1. */

export function pad(canvas, steps) {
  const context = canvas.getContext("2d");
  let values = Float32Array.from({ length: steps }, (_, t) => 0.6 * Math.sin(t / 4) + 0.3 * Math.sin(t / 11));

  const draw = () => {
    const { width, height } = canvas;
    context.clearRect(0, 0, width, height);
    context.strokeStyle = "#1f6fb4";
    context.lineWidth = 2;
    context.beginPath();
    values.forEach((value, t) => context.lineTo((t / (values.length - 1)) * width, ((1 - value) / 2) * height));
    context.stroke();
  };

  let last = null;
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    last = null;
  });
  canvas.addEventListener("pointermove", (event) => {
    if (event.buttons === 0) return;
    const box = canvas.getBoundingClientRect();
    const t = Math.max(0, Math.min(values.length - 1, Math.round(((event.clientX - box.left) / box.width) * (values.length - 1))));
    const value = 1 - (2 * (event.clientY - box.top)) / box.height;
    // Between two events, a straight line.
    const from = last ?? { t, value };
    const gap = Math.max(1, Math.abs(t - from.t));
    for (let i = 0; i <= gap; i++) values[Math.round(from.t + ((t - from.t) * i) / gap)] = from.value + ((value - from.value) * i) / gap;
    last = { t, value };
    draw();
  });

  draw();
  return {
    series: () => values.slice(),
    /** Numbers of any range, brought to [-1, 1]. */
    show(numbers) {
      const [least, most] = [Math.min(...numbers), Math.max(...numbers)];
      values = Float32Array.from(numbers, (value) => (most > least ? (2 * (value - least)) / (most - least) - 1 : 0));
      draw();
    },
  };
}
