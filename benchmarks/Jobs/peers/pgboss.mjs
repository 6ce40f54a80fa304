// pg-boss. Prints one line of JSON.
// usage: node pgboss.mjs CONNECTION enqueue|process N CALLERS
import { performance } from "node:perf_hooks";
import { PgBoss } from "pg-boss";

const [connectionString, mode, countText, callersText] = process.argv.slice(2);
const count = Number(countText);
const boss = new PgBoss({ connectionString, max: 20, supervise: false, schedule: false });
boss.on("error", (error) => console.error(error));
await boss.start();
await boss.createQueue("noop");

if (mode === "enqueue") {
  // Each caller waits until its job is durable before it sends the next.
  let next = 0;
  const start = performance.now();
  await Promise.all(Array.from({ length: Number(callersText) }, async () => {
    while (next++ < count) await boss.send("noop", { n: next });
  }));
  console.log(JSON.stringify({ rate: count / ((performance.now() - start) / 1000) }));
} else {
  for (let n = 0; n < count; n += 5000)
    await boss.insert("noop", Array.from({ length: Math.min(5000, count - n) }, (_, i) => ({ data: { n: n + i } })));
  let finish;
  const finished = new Promise((resolve) => (finish = resolve));
  let done = 0;
  let first = 0;
  let before = 0;
  await boss.work("noop", { batchSize: 500, localConcurrency: 4, pollingIntervalSeconds: 0.5, burstWhenBatchFull: true }, async (jobs) => {
    done += jobs.length;
    // The first third warms both sides up.
    if (before === 0 && done >= count / 3) {
      before = done;
      first = performance.now();
    }
    if (done === count) finish(performance.now());
  });
  const last = await finished;
  console.log(JSON.stringify({ rate: (count - before) / ((last - first) / 1000) }));
}

process.exit(0);
