// pg-boss. Modes: enqueue {count, callers}, process {count}.
import { performance } from "node:perf_hooks";
import { PgBoss } from "pg-boss";
import pg from "pg";
import { Drain, serve } from "./rounds.mjs";

// Chosen for throughput; other settings were not swept again.
const batched = { batchSize: 500, localConcurrency: 4, pollingIntervalSeconds: 0.5, burstWhenBatchFull: true };

async function open(connectionString) {
  const boss = new PgBoss({ connectionString, max: 20, supervise: false, schedule: false });
  boss.on("error", (error) => console.error(error));
  await boss.start();
  await boss.createQueue("noop");
  return boss;
}

await serve({
  async enqueue({ connection, count, callers }) {
    const boss = await open(connection);
    // Each caller waits until its job is durable before it sends the next.
    let next = 0;
    const start = performance.now();
    await Promise.all(Array.from({ length: callers }, async () => {
      while (next++ < count) await boss.send("noop", { n: next });
    }));
    const rate = count / ((performance.now() - start) / 1000);
    await boss.stop({ graceful: false });
    return { rate };
  },

  async process({ connection, count, work }) {
    const boss = await open(connection);
    const pool = new pg.Pool({ connectionString: connection, max: 1 });
    for (let n = 0; n < count; n += 5000)
      await boss.insert("noop", Array.from({ length: Math.min(5000, count - n) }, (_, i) => ({ data: { n: n + i } })));
    await pool.query("vacuum analyze");
    const drain = new Drain(count);
    await boss.work("noop", work ?? batched, async (jobs) => drain.add(jobs.length));
    const result = await drain.rate(async () =>
      (await pool.query("select not exists (select from pgboss.job where name = 'noop' and state < 'completed') as drained")).rows[0].drained);
    await boss.stop({ graceful: false });
    await pool.end();
    return result;
  },
});
