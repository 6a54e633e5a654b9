/** The training curve as a picture. */

import { writeFileSync } from "node:fs";
import { LineChart } from "echarts/charts";
import { GridComponent, MarkLineComponent, TitleComponent } from "echarts/components";
import * as echarts from "echarts/core";
import { SVGRenderer } from "echarts/renderers";

echarts.use([LineChart, GridComponent, MarkLineComponent, TitleComponent, SVGRenderer]);

/** Characters learned, and bits per character over the last of them. */
export type Point = [characters: number, bits: number];

export function drawCurve(file: string, points: Point[], lines: { name: string; bits: number }[]): void {
  const chart = echarts.init(null, null, { renderer: "svg", ssr: true, width: 800, height: 450 });
  const most = Math.max(...points.map(([, bits]) => bits), ...lines.map(({ bits }) => bits));
  const least = Math.min(...points.map(([, bits]) => bits), ...lines.map(({ bits }) => bits));
  chart.setOption({
    animation: false,
    backgroundColor: "#ffffff",
    title: { text: "An LSTM reads Moby-Dick", left: "center" },
    grid: { left: 70, right: 210, top: 60, bottom: 60 },
    xAxis: {
      type: "value",
      name: "characters learned (millions)",
      nameLocation: "middle",
      nameGap: 32,
      max: "dataMax",
      axisLabel: { formatter: (value: number) => (value / 1e6).toFixed(1), showMaxLabel: false },
    },
    yAxis: {
      type: "value",
      name: "bits per character",
      nameLocation: "middle",
      nameGap: 40,
      min: Math.floor(least * 2) / 2,
      max: Math.ceil(most * 2) / 2,
    },
    series: [
      {
        type: "line",
        data: points,
        showSymbol: false,
        lineStyle: { width: 1.5, color: "#1f6fb4" },
        markLine: {
          symbol: "none",
          lineStyle: { type: "dashed", color: "#777777" },
          data: lines.map(({ name, bits }) => ({ yAxis: bits, label: { formatter: `${name} ${bits.toFixed(2)}`, position: "end" } })),
        },
      },
    ],
  });
  writeFileSync(file, chart.renderToSVGString());
  chart.dispose();
}
