// Two sets of scopes side by side, and whether the one lies within the other.

import { Editor } from "./editor";
import { element, sentence, text } from "./page";
import type { Answer, Containment, Finding, Validator, Witness } from "./validator";

const GRANT = `cloud: aws
regions: [us-east-1, us-west-2]
permissions: ["s3:Get*", s3:ListBucket]
resources: ["arn:aws:s3:::reports", "arn:aws:s3:::reports/*"]
`;

const REQUEST = `cloud: aws
regions: [us-east-1]
permissions: [s3:GetObject]
resources: ["arn:aws:s3:::reports/2026/*"]
`;

const verdict = element("verdict", HTMLElement);

/** Puts the two editors into the page. */
export function open(validator: Validator): void {
  const sides: { grant?: Editor; request?: Editor } = {};
  const ask = () => validator.contains(sides.grant?.text ?? GRANT, sides.request?.text ?? REQUEST);
  const side = (name: "grant" | "request", label: string, initial: string) =>
    new Editor({
      parent: element(name, HTMLElement),
      label,
      text: initial,
      check: () => {
        const answer = ask();
        tell(answer);
        return wrongWith(answer, name);
      },
    });
  sides.grant = side("grant", "Grant, in YAML", GRANT);
  sides.request = side("request", "Request, in YAML", REQUEST);
}

/** The findings of one side's text. */
function wrongWith(answer: Answer<Containment>, side: string): Finding[] {
  if ("value" in answer || answer.refusal.code !== "invalid_scope") return [];
  return answer.refusal.argument === side ? answer.refusal.findings : [];
}

function tell(answer: Answer<Containment>): void {
  const told = "value" in answer ? containment(answer.value) : [text("p", sentence(answer.message), "error")];
  // A status that is written again is read out again.
  const next = document.createElement("div");
  next.append(...told);
  if (next.innerHTML !== verdict.innerHTML) verdict.replaceChildren(...next.childNodes);
}

function containment(answer: Containment): HTMLElement[] {
  if (answer.contained) return [text("p", "Contained: everything that the request asks for is granted.", "ok")];
  const { witness } = answer;
  const head =
    witness.certainty === "shown"
      ? "Not contained. The request would allow this call, and the grant does not:"
      : "Not shown to be contained: the patterns overlap in too many ways. The request would allow, for example:";
  return [text("p", head, "error"), call(witness)];
}

function call({ action, resource, region }: Witness): HTMLElement {
  const list = document.createElement("dl");
  for (const [name, value] of Object.entries({ action, resource, region: region ?? "any" })) {
    list.append(text("dt", name), text("dd", value));
  }
  return list;
}
