/** The methods of a service's routes, to answer 405 with `Allow` where a path is there and a method is not. */
export class RouteMethods {
  readonly #routes = new Map<string, { readonly shape: RegExp; readonly methods: Set<string> }>();

  /** Takes note of a route. @param pattern `/v1/conversions/:key`; one for all paths is none */
  add(method: string | readonly string[], pattern: string): void {
    if (pattern === "*") return;
    const known = this.#routes.get(pattern) ?? { shape: shapeOf(pattern), methods: new Set() };
    for (const one of [method].flat()) known.methods.add(one);
    this.#routes.set(pattern, known);
  }

  get patterns(): readonly string[] {
    return [...this.#routes.keys()];
  }

  /** The methods that a path takes, in alphabetical order; none where it is not there. @param url with or without a query */
  at(url: string): readonly string[] {
    const path = url.split("?")[0] ?? "";
    const found = new Set<string>();
    for (const { shape, methods } of this.#routes.values()) {
      if (!shape.test(path)) continue;
      for (const method of methods) found.add(method);
    }
    return [...found].toSorted();
  }
}

function shapeOf(pattern: string): RegExp {
  const parts = pattern.replace(/\/$/, "").split("/");
  const shapes = parts.map((part) => {
    if (part === "*") return ".*";
    return part.startsWith(":") ? "[^/]+" : part.replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
  });
  return new RegExp(`^${shapes.join("/")}/?$`);
}
