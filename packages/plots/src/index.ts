export { bars, type Amount, type BarRow, type BarsOptions } from "./kinds/bars.ts";
export { columns, type Column, type ColumnsOptions } from "./kinds/columns.ts";
export { heatMap, type HeatMapOptions } from "./kinds/heat-map.ts";
export { pathFlows, type CountedPath, type Flows } from "./kinds/path-flows.ts";
export { sankey, type SankeyOptions } from "./kinds/sankey.ts";
export { stackedArea, type StackedAreaOptions } from "./kinds/stacked-area.ts";
export { textBar } from "./terminal/bar.ts";
