/** Who did something, in one line. */
export function told(by: unknown): string {
  if (by === undefined) return "";
  return typeof by === "string" ? by : JSON.stringify(by);
}
