import { expect, test } from "vitest";
import { curl, grouped, type OpenApi } from "./reference.ts";

const repos = (kind: string) => ({
  [`/api/${kind}/{ns}/{name}/settings`]: {
    put: {
      operationId: "repo.settings", summary: "Change settings.", tags: ["repo"], "x-access": "repo.administer",
      requestBody: { content: { "application/json": { schema: { type: "object", required: ["visibility"], properties: { visibility: { type: "string" }, files: { type: "array", items: { type: "object", properties: { path: { type: "string" } } } } } } } } },
    },
  },
});
const api: OpenApi = {
  info: { title: "x", version: "1" },
  paths: { "/healthz": { get: { operationId: "health.alive", summary: "Alive.", tags: ["health"], "x-access": "everyone" } }, ...repos("models"), ...repos("datasets") } as OpenApi["paths"],
};

test("what each kind of repository has stands once, in the order of what people need", () => {
  const groups = grouped(api);
  expect(groups.map((group) => group.title)).toEqual(["Repositories", "Health"]);
  expect(groups[0]!.operations.map((operation) => operation.path)).toEqual(["/api/{models, datasets, spaces}/{ns}/{name}/settings"]);
  expect(groups[0]!.operations[0]!.fields).toEqual([
    { name: "visibility", type: "text", required: true }, { name: "files", type: "list of object", required: false }, { name: "files[].path", type: "text", required: false },
  ]);
});
test("the line for a terminal names this hub and a token only where one is needed", () => {
  const [settings, alive] = grouped(api).map((group) => group.operations[0]!);
  expect(curl(settings!, "http://hub")).toBe(`curl -X PUT http://hub/api/models/ada/bert/settings \\\n  -H "Authorization: Bearer $HF_TOKEN" \\\n  -H "Content-Type: application/json" \\\n  -d '{"visibility": "…"}'`);
  expect(curl(alive!, "http://hub")).toBe("curl http://hub/healthz");
});
