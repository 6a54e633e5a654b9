/** Pictures, by Apache ECharts: lines and points over x, as SVG. */

import { LineChart, ScatterChart } from "echarts/charts";
import { GridComponent, LegendComponent, TitleComponent } from "echarts/components";
import * as echarts from "echarts/core";
import { SVGRenderer } from "echarts/renderers";
import type { Picture } from "./claims.js";

echarts.use([LineChart, ScatterChart, GridComponent, LegendComponent, TitleComponent, SVGRenderer]);

/** As many as there are learners in a picture. */
const COLOURS = [
  "#1f77b4",
  "#ff7f0e",
  "#2ca02c",
  "#d62728",
  "#9467bd",
  "#8c564b",
  "#e377c2",
  "#7f7f7f",
  "#bcbd22",
  "#17becf",
  "#003f5c",
  "#ffa600",
  "#00a36c",
  "#b22222",
  "#4b0082",
  "#6b8e23",
  "#00bfff",
  "#d2691e",
  "#ff1493",
  "#708090",
];

/** Below what f32 can tell from nothing, and above what a picture needs. */
const BOUNDS = { min: 1e-12, max: 1e12 };

export function draw({ title, x, y, points, curves }: Picture): string {
  const chart = echarts.init(null, null, { renderer: "svg", ssr: true, width: 980, height: 480 });
  const shown = (value: number) => (y.log && !(value > BOUNDS.min && value < BOUNDS.max) ? null : value);
  chart.setOption({
    animation: false,
    backgroundColor: "#ffffff",
    title: { text: title, left: "center" },
    legend: { orient: "vertical", left: 725, top: "middle" },
    grid: { left: 80, right: 270, top: 50, bottom: 60 },
    xAxis: { type: x.log ? "log" : "value", name: x.name, nameLocation: "middle", nameGap: 32, min: "dataMin", max: "dataMax" },
    yAxis: {
      type: y.log ? "log" : "value",
      name: y.name,
      nameLocation: "middle",
      nameGap: 55,
      axisLabel: { formatter: (value: number) => (y.log ? value.toExponential(0) : String(value)) },
    },
    color: COLOURS,
    series: curves.map(({ name, y: values, line }) => ({
      type: points && !line ? "scatter" : "line",
      name,
      connectNulls: true,
      showSymbol: values.length < 30 && !line,
      data: values.map((value, i) => [x.values[i], shown(value)]),
    })),
  });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return svg;
}
