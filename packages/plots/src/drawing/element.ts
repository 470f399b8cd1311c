/** Attributes of an element; those that are undefined are left out, numbers are written with two places at most. */
export type Attributes = Readonly<Record<string, string | number | undefined>>;

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Control characters and halves of surrogate pairs, which no XML document may hold. */
// oxlint-disable-next-line no-control-regex -- control characters are what it looks for
const NO_XML = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Surrogate}/gu;

/** Text as SVG may hold it: names come from strangers. */
export function escapeText(text: string): string {
  return text.replace(NO_XML, "\ufffd").replace(/[&<>"']/g, (found) => ENTITIES[found] ?? found);
}

/** An SVG element as text. @param children elements, or text that was escaped */
export function element(name: string, attributes: Attributes, ...children: string[]): string {
  const written = Object.entries(attributes)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${key}="${escapeText(valueText(value))}"`)
    .join("");
  return children.length === 0
    ? `<${name}${written}/>`
    : `<${name}${written}>${children.join("")}</${name}>`;
}

/** A coordinate with two places at most. */
export function coordinate(value: number): string {
  return String(Math.round(value * 100) / 100);
}

function valueText(value: string | number | undefined): string {
  return typeof value === "number" ? coordinate(value) : (value ?? "");
}
