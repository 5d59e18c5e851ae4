// Runs in every host.

const BATCH = 20;

/** How long a call takes, in seconds: the means of so many batches, after a second of warming up. */
export function batches(call, count) {
  const seconds = [];
  const warmed = performance.now() + 1000;
  while (performance.now() < warmed || seconds.length < count) {
    const start = performance.now();
    for (let at = 0; at < BATCH; at += 1) {
      call();
    }
    const taken = (performance.now() - start) / 1000 / BATCH;
    if (start >= warmed) {
      seconds.push(taken);
    }
  }
  return seconds;
}
