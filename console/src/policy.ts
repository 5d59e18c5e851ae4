// What a cloud is sent for an agent: the session policy of AWS and how much of its limit it takes; the token of Google
// Cloud or Azure, and what narrows it.

import type { Agent } from "./outline";
import { element, sentence } from "./page";
import type { Answer, Compiled, Validator } from "./validator";

/** The clouds by their names in documents. */
const CLOUDS = { aws: "AWS", gcp: "Google Cloud", azure: "Azure" } as const;

type Cloud = keyof typeof CLOUDS;

/** The most characters of a session policy: `Policy` of AWS STS AssumeRole. */
const LIMIT = 2048;

/** Beyond this the meter warns: about one more statement fits. */
const NEARLY_FULL = LIMIT * 0.9;

const agentChoice = element("agent", HTMLSelectElement);
const cloudChoice = element("cloud", HTMLSelectElement);
const scopeChoice = element("scope", HTMLSelectElement);
const meter = element("meter", HTMLMeterElement);
const size = element("meter-text", HTMLLabelElement);
const problem = element("policy-problem", HTMLElement);
const note = element("policy-note", HTMLElement);
const policy = element("policy", HTMLPreElement);

meter.max = LIMIT;
meter.high = NEARLY_FULL;

/** Calls back when another agent, cloud or scope is chosen. */
export function onChoice(chosen: () => void): void {
  for (const choice of [agentChoice, cloudChoice, scopeChoice]) choice.addEventListener("change", chosen);
}

/** Compiles the chosen scopes of a document whose agents are these. */
export function show(validator: Validator, text: string, agents: Agent[]): void {
  const granted = agents.filter(({ clouds }) => clouds.some(isCloud));
  offer(agentChoice, granted.map(({ name }) => [name, name]));
  const clouds = granted.find(({ name }) => name === agentChoice.value)?.clouds ?? [];
  const known = Object.keys(CLOUDS).filter(isCloud).filter((cloud) => clouds.includes(cloud));
  offer(cloudChoice, known.map((cloud) => [cloud, CLOUDS[cloud]]));
  const cloud = cloudChoice.value;
  const scopes = clouds.filter((one) => one === cloud);
  offer(scopeChoice, [["", "all of them"], ...numbered(scopes.length)]);
  if (!isCloud(cloud)) {
    tell("No agent of this document has a scope.");
    return;
  }
  const index = scopeChoice.value === "" ? {} : { index: Number(scopeChoice.value) };
  tell(validator.compile(text, { agent: agentChoice.value, cloud, ...index }));
}

function isCloud(name: string): name is Cloud {
  return name in CLOUDS;
}

function tell(answer: Answer<Compiled> | string): void {
  if (typeof answer === "string") return fail(answer);
  if ("value" in answer) {
    const { sent, narrowing } = described(answer.value);
    problem.textContent = "";
    note.textContent = narrowing;
    policy.textContent = sent;
    policy.hidden = false;
    return;
  }
  const { refusal, message } = answer;
  if (refusal.code === "invalid_scope") return fail("The document has errors; mend them to see what is sent.");
  fail(sentence(message));
  if (refusal.code === "policy_too_large") measure(refusal.characters);
}

/** What is sent, for reading, and what it does not narrow. Measures what has a limit. */
function described(compiled: Compiled): { sent: string; narrowing: string } {
  const byRoles = "Beyond this, only the identity's own roles narrow the token.";
  switch (compiled.cloud) {
    case "aws":
      measure(compiled.characters);
      return { sent: indented(compiled.policy), narrowing: "" };
    case "gcp": {
      unmeasured();
      const scopes = compiled.scopes.map((scope) => `${scope}\n`).join("");
      const { boundary } = compiled;
      if (boundary) return { sent: `${scopes}\n${indented(boundary.text)}`, narrowing: "An access boundary narrows the token." };
      return { sent: scopes, narrowing: byRoles };
    }
    case "azure":
      unmeasured();
      return { sent: compiled.scope, narrowing: byRoles };
  }
}

function fail(message: string): void {
  if (problem.textContent !== message) problem.textContent = message;
  note.textContent = "";
  policy.textContent = "";
  policy.hidden = true;
  unmeasured();
}

function unmeasured(): void {
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
