// graphile-worker as its own documentation tunes it. Prints one line of JSON.
// usage: node graphile.mjs CONNECTION process|process-default|pickup N
import { performance } from "node:perf_hooks";
import { Logger, makeWorkerUtils, run } from "graphile-worker";
import pg from "pg";

const [connectionString, mode, countText] = process.argv.slice(2);
const count = Number(countText);
const logger = new Logger(() => () => {});
const utils = await makeWorkerUtils({ connectionString, logger });
await utils.migrate();
const pool = new pg.Pool({ connectionString, max: 4 });

// Its best setting by its documentation, and the one that a plain installation has.
const batched = {
  worker: { concurrentJobs: 24, localQueue: { size: 500 }, completeJobBatchDelay: 0, failJobBatchDelay: 0 },
};
const plain = { worker: { concurrentJobs: 10 } };

let finish;
const finished = new Promise((resolve) => (finish = resolve));
const sent = new Map();
const waits = [];
let done = 0;
let first = 0;
// The first third warms both sides up.
const warmUp = Math.floor(count / 3);

const taskList = {
  noop: () => {
    if (++done === warmUp) first = performance.now();
    if (done === count) finish(performance.now());
  },
  timed: (payload) => {
    waits.push(performance.now() - sent.get(payload.n));
    if (waits.length === count) finish(performance.now());
  },
};

if (mode === "pickup") {
  const runner = await run({
    connectionString, logger, taskList, noHandleSignals: true, maxPoolSize: 12, preset: { worker: { concurrentJobs: 10 } },
  });
  await pool.query("select 1");
  const start = performance.now();
  for (let n = 0; n < count; n++) {
    const at = start + n * 20;
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, at - performance.now())));
    sent.set(n, performance.now());
    pool.query("select graphile_worker.add_job('timed', $1)", [JSON.stringify({ n })]);
  }
  await finished;
  await runner.stop();
  waits.sort((a, b) => a - b);
  console.log(JSON.stringify({ p50: waits[Math.floor(count * 0.5)], p99: waits[Math.floor(count * 0.99)] }));
} else {
  await pool.query("select graphile_worker.add_job('noop', json_build_object('n', n)) from generate_series(1, $1::int) n", [count]);
  await pool.query("vacuum analyze");
  const runner = await run({
    connectionString, logger, taskList, noHandleSignals: true, maxPoolSize: 26, preset: mode === "process" ? batched : plain,
  });
  const last = await finished;
  await runner.stop();
  console.log(JSON.stringify({ rate: (count - warmUp) / ((last - first) / 1000) }));
}

await utils.release();
await pool.end();
process.exit(0);
