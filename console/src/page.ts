// The elements of index.html.

/** The element of that id. That it is there and of that type is up to index.html. */
export function element<T extends HTMLElement>(id: string, type: new () => T): T {
  const found = document.getElementById(id);
  if (!(found instanceof type)) throw new Error(`index.html has no ${type.name} with the id ${id}`);
  return found;
}

/** A new element with text in it. */
export function text<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  content: string,
  className = "",
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  made.textContent = content;
  if (className) made.className = className;
  return made;
}

/** A message as the validator and the broker write them, as a sentence. */
export function sentence(message: string): string {
  return `${message.charAt(0).toUpperCase()}${message.slice(1)}.`;
}

/** A new button. */
export function button(label: string, pressed: () => void): HTMLButtonElement {
  const made = text("button", label);
  made.type = "button";
  made.addEventListener("click", pressed);
  return made;
}
