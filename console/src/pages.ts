// The pages of the console, of which the address says one.

import { element } from "./page";

const pages = { scopes: "Scopes", audit: "Audit" };

/** Shows the page that the address says, now and whenever it changes. */
export function follow(): void {
  window.addEventListener("hashchange", show);
  show();
}

function show(): void {
  const shown = location.hash === "#audit" ? "audit" : "scopes";
  for (const [id, title] of Object.entries(pages)) {
    element(id, HTMLElement).hidden = id !== shown;
    if (id === shown) document.title = `${title} · Deputize`;
  }
  for (const link of document.querySelectorAll("nav a")) {
    if (link.getAttribute("href") === `#${shown}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  element("origin", HTMLElement).hidden = shown !== "scopes";
}
