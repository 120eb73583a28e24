export { BarPlot, type Bar, type BarPlotProps } from './bar-plot.ts';
export { CHART_STYLE, PALETTE } from './chart-style.ts';
export { Heatmap, type HeatmapProps } from './heatmap.ts';
export { Histogram, type HistogramProps } from './histogram.ts';
export { LinePlot, type LinePlotProps, type PlotLine } from './line-plot.ts';
