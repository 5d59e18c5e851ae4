// The policy that AWS is sent for an agent, and how much of its limit it takes.

import type { Agent } from "./outline";
import { element, sentence } from "./page";
import type { Answer, Compiled, Validator } from "./validator";

/** The most characters of a session policy: `Policy` of AWS STS AssumeRole. */
const LIMIT = 2048;

/** Beyond this the meter warns: about one more statement fits. */
const NEARLY_FULL = LIMIT * 0.9;

const agentChoice = element("agent", HTMLSelectElement);
const scopeChoice = element("scope", HTMLSelectElement);
const meter = element("meter", HTMLMeterElement);
const size = element("meter-text", HTMLLabelElement);
const problem = element("policy-problem", HTMLElement);
const policy = element("policy", HTMLPreElement);

meter.max = LIMIT;
meter.high = NEARLY_FULL;

/** Calls back when another agent or scope is chosen. */
export function onChoice(chosen: () => void): void {
  agentChoice.addEventListener("change", chosen);
  scopeChoice.addEventListener("change", chosen);
}

/** Compiles the chosen scopes of a document whose agents are these. */
export function show(validator: Validator, text: string, agents: Agent[]): void {
  const granted = agents.filter(({ clouds }) => clouds.includes("aws"));
  offer(agentChoice, granted.map(({ name }) => [name, name]));
  const scopes = granted.find(({ name }) => name === agentChoice.value)?.clouds.filter((cloud) => cloud === "aws");
  offer(scopeChoice, [["", "all of them"], ...numbered(scopes?.length ?? 0)]);
  if (granted.length === 0) {
    tell("No agent of this document has a scope for AWS.");
    return;
  }
  const index = scopeChoice.value === "" ? {} : { index: Number(scopeChoice.value) };
  tell(validator.compile(text, { agent: agentChoice.value, cloud: "aws", ...index }));
}

function tell(answer: Answer<Compiled> | string): void {
  if (typeof answer === "string") return fail(answer);
  if ("value" in answer) {
    const { value } = answer;
    if (value.cloud !== "aws") return fail("This is no policy of AWS.");
    measure(value.characters);
    problem.textContent = "";
    policy.textContent = indented(value.policy);
    policy.hidden = false;
    return;
  }
  const { refusal, message } = answer;
  if (refusal.code === "invalid_scope") return fail("The document has errors; mend them to see the policy.");
  fail(sentence(message));
  if (refusal.code === "policy_too_large") measure(refusal.characters);
}

function fail(message: string): void {
  if (problem.textContent !== message) problem.textContent = message;
  policy.textContent = "";
  policy.hidden = true;
  meter.hidden = true;
  size.textContent = "";
}

function measure(characters: number): void {
  const left = LIMIT - characters;
  const rest = left < 0 ? `${number(-left)} too many` : `${number(left)} to spare`;
  size.textContent = `${number(characters)} of ${number(LIMIT)} characters, ${rest}`;
  meter.value = characters;
  meter.hidden = false;
}

/** Puts the options into a choice, and keeps what was chosen where it is still there. */
function offer(choice: HTMLSelectElement, options: [value: string, label: string][]): void {
  const chosen = choice.value;
  choice.replaceChildren(...options.map(([value, label]) => new Option(label, value)));
  if (options.some(([value]) => value === chosen)) choice.value = chosen;
}

/** Counted from 0, as `deputize compile --index` counts them. */
function numbered(count: number): [string, string][] {
  return Array.from({ length: count }, (_, index) => [String(index), `number ${index}`]);
}

/** For reading; what AWS is sent has no spaces. */
function indented(json: string): string {
  return JSON.stringify(JSON.parse(json), null, 2);
}

function number(value: number): string {
  return value.toLocaleString("en-US");
}
