import { sankey as layOut, sankeyLeft, sankeyLinkHorizontal } from "d3-sankey";
import { axisText } from "../drawing/axis.ts";
import { coordinate, element } from "../drawing/element.ts";
import { type Caption, CHARACTER_PX, figure, fitted, hint, label } from "../drawing/figure.ts";
import { seriesClass } from "../drawing/theme.ts";
import { type FlowNode, type Flows, MORE, OTHER } from "./path-flows.ts";

export interface SankeyOptions extends Caption {
  readonly flows: Flows;
  readonly width?: number;
  readonly height?: number;
}

const NODE_PX = 12;
const LABEL_PX = 140;

/** Bands between steps, as wide as what goes along them: the ways to a conversion. */
export function sankey({ flows, width = 1080, height = 480, ...caption }: SankeyOptions): string {
  return figure({ width, height }, caption, [], (room) => {
    if (flows.flows.length === 0) return label(0, 20, "No paths.", "faint");
    const colours = coloursOf(flows.nodes);
    const shape = sankeyLinkHorizontal();
    const { nodes, links } = layOut<FlowNode, object>()
      .nodeAlign((node) => Math.max(node.step, sankeyLeft(node, 0)))
      .nodeWidth(NODE_PX)
      .nodePadding(14)
      .extent([
        [0, 4],
        [room.width - LABEL_PX, room.height - 4],
      ])({
      nodes: flows.nodes.map((node) => ({ ...node })),
      links: flows.flows.map(({ source, target, count }) => ({ source, target, value: count })),
    });
    const bands = links.map((link) => {
      const [from, to] = [link.source as FlowNode, link.target as FlowNode];
      return element(
        "path",
        {
          class: `stroke ${colours.get(from.name) ?? ""}`,
          d: rounded(shape(link) ?? ""),
          style: `stroke-width:${coordinate(Math.max(1, link.width ?? 0))};stroke-opacity:.35`,
        },
        hint(`${from.name} → ${to.name}: ${axisText(link.value)}`),
      );
    });
    const boxes = nodes.map((node) => {
      const { x0 = 0, x1 = 0, y0 = 0, y1 = 0, value = 0 } = node;
      const amount = ` ${axisText(value)}`;
      const text = fitted(node.name, LABEL_PX - 8 - amount.length * CHARACTER_PX) + amount;
      return (
        element(
          "rect",
          {
            class: colours.get(node.name),
            x: x0,
            y: y0,
            width: x1 - x0,
            height: Math.max(1, y1 - y0),
          },
          hint(`${node.name}: ${value}`),
        ) + label(x1 + 5, (y0 + y1) / 2 + 4, text)
      );
    });
    return bands.join("") + boxes.join("");
  });
}

/** A name has one colour at every step. */
function coloursOf(nodes: readonly FlowNode[]): Map<string, string> {
  const colours = new Map<string, string>();
  for (const { name } of nodes) {
    if (colours.has(name)) continue;
    colours.set(name, name === OTHER || name === MORE ? "s6" : seriesClass(colours.size));
  }
  return colours;
}

/** A path's numbers with two places at most. */
function rounded(path: string): string {
  return path.replace(/-?\d+\.\d+/g, (number) => coordinate(Number(number)));
}
