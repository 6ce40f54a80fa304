// One process a queue, as a service would be: it reads a request a line, {"mode", "connection", …}, and answers each with a
// line of figures. So a peer is as warm in a round that counts as the process that it is compared with.
import { performance } from "node:perf_hooks";
import { createInterface } from "node:readline";

const ADMIN_SHUTDOWN = "57P01";

export async function serve(modes) {
  // The database of a round is dropped when the round is answered; a connection that is still being closed may hear of it.
  process.on("uncaughtException", (error) => {
    if (error.code === ADMIN_SHUTDOWN) return;
    console.error(error);
    process.exit(1);
  });
  for await (const line of createInterface({ input: process.stdin })) {
    const request = JSON.parse(line);
    console.log(JSON.stringify(await modes[request.mode](request)));
  }

  process.exit(0);
}

/** Counts from the first handler's call until the database says that every end is durable. */
export class Drain {
  #first = 0;
  #done = 0;
  #all;

  constructor(count) {
    this.count = count;
    this.#all = Promise.withResolvers();
  }

  add(n = 1) {
    if (this.#done === 0) this.#first = performance.now();
    this.#done += n;
    if (this.#done >= this.count) this.#all.resolve();
  }

  async rate(isDrained) {
    await this.#all.promise;
    while (!(await isDrained())) await new Promise((resolve) => setTimeout(resolve, 2));
    return { rate: this.count / ((performance.now() - this.#first) / 1000) };
  }
}

export const percentiles = (waits) => {
  waits.sort((a, b) => a - b);
  return { p50: waits[Math.floor(waits.length * 0.5)], p99: waits[Math.floor(waits.length * 0.99)] };
};
