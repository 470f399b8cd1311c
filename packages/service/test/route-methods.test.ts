import { expect, it } from "vitest";
import { RouteMethods } from "../src/index.ts";

it("names the methods of a path, by its pattern", () => {
  const routes = new RouteMethods();
  routes.add("POST", "/v1/events");
  routes.add(["GET", "DELETE"], "/v1/events/:id");
  routes.add("HEAD", "/v1/events/:id");
  routes.add("GET", "/p.gif");
  routes.add("GET", "/docs/*");
  routes.add("GET", "/");
  routes.add("OPTIONS", "*");
  expect(
    ["/v1/events", "/v1/events/", "/v1/events/7?a=/v1/events", "/p.gif", "/docs/a/b", "/"].map(
      (url) => routes.at(url).join(),
    ),
  ).toEqual(["POST", "POST", "DELETE,GET,HEAD", "GET", "GET", "GET"]);
  for (const url of ["/v1", "/v1/events/7/8", "/pxgif", "/v1/Events", "*", "/x/"]) {
    expect([url, routes.at(url)]).toEqual([url, []]);
  }
  expect(routes.patterns).toContain("/v1/events/:id");
});
