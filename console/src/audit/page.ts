// The audit page.

import * as detail from "./detail";
import * as entries from "./entries";
import * as evidence from "./evidence";
import * as trust from "./trust";

/** Lets the page be used. */
export function open(): void {
  entries.open(detail.show);
  detail.open();
  trust.open(() => void detail.verifyCurrent());
  evidence.open();
}
