/** The ratios as a picture: a row for each task, a dot for each peer, the peer's time over memcell's on a logarithmic axis. */

import { writeFileSync } from "node:fs";
import { ScatterChart } from "echarts/charts";
import { GridComponent, LegendComponent, MarkLineComponent, TitleComponent } from "echarts/components";
import * as echarts from "echarts/core";
import { SVGRenderer } from "echarts/renderers";
import type { Result } from "../figures.js";

echarts.use([ScatterChart, GridComponent, LegendComponent, MarkLineComponent, TitleComponent, SVGRenderer]);

const COLORS: Record<string, string> = {
  pytorch: "#d9480f",
  "onnxruntime-node": "#1f6fb4",
  "onnxruntime-web": "#74b3e3",
  "tfjs-wasm": "#2b8a3e",
  "tfjs-cpu": "#8fce9b",
  "brain.js": "#7048a8",
};

export function drawPeers(file: string, results: Result[], machine: string): void {
  const tasks = [...new Set(results.map(({ task }) => task))];
  const peers = Object.keys(COLORS).filter((name) => results.some(({ peer }) => peer === name));
  const height = 155 + 30 * tasks.length;
  const chart = echarts.init(null, null, { renderer: "svg", ssr: true, width: 900, height });
  chart.setOption({
    animation: false,
    backgroundColor: "#ffffff",
    title: {
      text: "memcell beside its peers",
      subtext: `${machine}, one thread each; (inputs, units, batch, steps); medians`,
      left: "center",
    },
    legend: { top: 66, itemGap: 28, data: peers },
    grid: { left: 190, right: 30, top: 105, bottom: 50 },
    xAxis: {
      type: "log",
      name: "times as fast as the peer",
      nameLocation: "middle",
      nameGap: 30,
      min: 0.1,
      axisLabel: { formatter: (value: number) => `${value}x` },
      minorSplitLine: { show: true, lineStyle: { color: "#f4f4f4" } },
    },
    yAxis: { type: "category", data: tasks, inverse: true, splitLine: { show: true, lineStyle: { color: "#eeeeee" } } },
    series: peers.map((name, i) => ({
      name,
      type: "scatter",
      symbolSize: 10,
      itemStyle: { color: COLORS[name] },
      data: results.filter(({ peer }) => peer === name).map(({ task, ratio }) => [ratio.median, task]),
      ...(i === 0 && {
        markLine: {
          silent: true,
          symbol: "none",
          label: { show: false },
          lineStyle: { color: "#333333", type: "solid" },
          data: [{ xAxis: 1 }],
        },
      }),
    })),
  });
  writeFileSync(file, chart.renderToSVGString());
  chart.dispose();
}
