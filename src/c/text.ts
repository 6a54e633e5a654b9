/** The part that every header has: numbers in C, and the functions that all layers call. */

/** A number as C writes it, exact to the bit; `f` after it makes it a float. */
export function literal(value: number): string {
  const digits = Object.is(value, -0) ? "-0" : String(value);
  return /[.e]/.test(digits) ? digits : `${digits}.0`;
}

/** A float. Nine digits tell any two apart. */
export const float = (value: number): string => `${literal(Number(Math.fround(value).toPrecision(9)))}f`;

/** An array of constants, ten in a line. */
export function array(type: string, name: string, values: ArrayLike<number>, text: (value: number) => string): string {
  const lines: string[] = [];
  for (let i = 0; i < values.length; i += 10)
    lines.push(`  ${Array.from({ length: Math.min(10, values.length - i) }, (_, k) => text(values[i + k] as number)).join(", ")}`);
  return `static const ${type} ${name}[${values.length}] = {\n${lines.join(",\n")}\n};\n`;
}

/**
 * The kernels of assembly/activation.ts and assembly/matmul.ts for one sequence, number by number: the same operations in the same
 * order, the same constants, in nine digits. tanh and the logistic function take a power of two, and a rational function of the rest.
 * A product is y = from + w x: its first rows are summed in order, those from `even` on in four parts.
 */
const FUNCTIONS = {
  "float P_tanh(float x)": `
  P_bits a, s, t;
  float power, r, n, d, difference;
  a.f = x;
  t.u = a.u & 0x80000000u;
  a.u &= 0x7fffffffu;
  a.f = (10.0f < a.f ? 10.0f : a.f) * 2.88539004f;
  s.f = a.f + 12583039.0f;
  r = a.f - (s.f - 12583039.0f);
  s.u <<= 23;
  power = s.f;
  n = r * (r * r + 125.042763f);
  d = r * r * 17.3308830f + 360.797150f;
  difference = (power - 1.0f) * d + (power + 1.0f) * n;
  d -= n;
  a.f = difference / (difference + (d + d));
  a.u |= t.u;
  return a.f;`,
  "float P_logistic(float x)": `
  P_bits s;
  float a = x < -40.0f ? -40.0f : x, r, n, d;
  a = (40.0f < a ? 40.0f : a) * 1.44269502f;
  s.f = a + 12583039.0f;
  r = a - (s.f - 12583039.0f);
  s.u <<= 23;
  n = r * (r * r + 125.042763f);
  d = r * r * 17.3308830f + 360.797150f;
  a = s.f * (d + n);
  return x <= -40.0f ? 0.0f : a / (a + (d - n));`,
  "float P_cut(float x, float least, float most)": `
  float y = x < least ? least : x;
  return most < y ? most : y;`,
  "void P_product(float *y, const float *from, const float *w, const float *x, int rows, int k, int even)": `
  int r, i;
  for (r = 0; r < rows; r++, w += k) {
    float s = from ? from[r] : 0.0f, a = 0.0f, b = 0.0f, c = 0.0f;
    if (r < even) for (i = 0; i < k; i++) s += w[i] * x[i];
    else for (i = 0; i < k; i++) {
      float part = w[i] * x[i];
      int lane = i & 3;
      if (lane == 0) s += part;
      else if (lane == 1) a += part;
      else if (lane == 2) b += part;
      else c += part;
    }
    y[r] = (s + a) + (b + c);
  }`,
};

/**
 * The product of assembly/int8/: activations are integers of 16 bits, of which the largest is `limit`; the sum is one of integers.
 * 12582912 is 1.5 2^23: a sum with it has the integer in its low bits.
 */
const INT8 = {
  "void P_product8(float *y, const float *from, const int8_t *w, const float *x, const float *scale, int16_t *q, int rows, int k, float limit)": `
  P_bits top, n;
  float factor;
  int r, i;
  for (top.u = 0, i = 0; i < k; i++) {
    n.f = x[i];
    n.u &= 0x7fffffffu;
    if (top.u < n.u) top.u = n.u;
  }
  n.f = 1e-30f < top.f ? top.f : 1e-30f;
  factor = limit / n.f;
  top.f = n.f / limit + (top.f - top.f);
  for (i = 0; i < k; i++) {
    n.f = x[i] * factor + 12582912.0f;
    q[i] = (int16_t)n.u;
  }
  for (r = 0; r < rows; r++, w += k) {
    int32_t sum = 0;
    for (i = 0; i < k; i++) sum += (int32_t)w[i] * q[i];
    y[r] = (from ? from[r] : 0.0f) + (float)sum * (scale[r] * top.f);
  }`,
};

/** @param p stands before each name */
export const functions = (p: string, int8: boolean): string =>
  Object.entries({ ...FUNCTIONS, ...(int8 && INT8) })
    .map(([head, body]) => `static inline ${head} {${body}\n}\n`)
    .join("\n")
    .replaceAll("P_", `${p}_`);
