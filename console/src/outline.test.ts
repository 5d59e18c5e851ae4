import { yamlLanguage } from "@codemirror/lang-yaml";
import { describe, expect, test } from "vitest";

import example from "../../examples/mission.yaml?raw";
import { agents } from "./outline";

const outline = (text: string) => agents(yamlLanguage.parser.parse(text), text);

describe("the agents of a document", () => {
  test("are told with the clouds of their scopes, however they are written", () => {
    const text = [
      "agents:",
      "  devops: &devops # deploys",
      "    scopes:",
      "      - cloud: aws",
      "        permissions: [s3:GetObject]",
      "      - { cloud: gcp }",
      "      - &third",
      "        cloud: azure",
      '  "quoted": { scopes: [{ cloud: "aws" }, { permissions: [] }] }',
      "  alias: *devops",
    ].join("\n");
    expect(outline(text)).toEqual([
      { name: "devops", clouds: ["aws", "gcp", "azure"] },
      { name: "quoted", clouds: ["aws", ""] },
      { name: "alias", clouds: [] },
    ]);
  });

  test("are found in JSON", () => {
    expect(outline('{"agents": {"a": {"scopes": [{"cloud": "aws"}]}}}')).toEqual([{ name: "a", clouds: ["aws"] }]);
  });

  test("are those of the example", () => {
    const names = outline(example).map(({ name }) => name);
    expect(names).toContain("devops-agent");
    expect(names).toHaveLength(5);
  });

  test.each(["", "agents", "agents: []", "- a\n- b", "agents:\n  a:\n    scopes: [", "? :", "\u0000"])(
    "are few where the text is hardly a document: %j",
    (text) => {
      expect(outline(text).length).toBeLessThanOrEqual(1);
    },
  );
});
