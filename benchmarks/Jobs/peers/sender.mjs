// A thread of its own that sends on schedule, whatever the rest of the process does. Every job carries the moment at which it
// was to be sent: a late sender counts.
import { parentPort, workerData } from "node:worker_threads";
import pg from "pg";

const { connectionString, sql, count, intervalMilliseconds } = workerData;
const pool = new pg.Pool({ connectionString, max: 4 });
await pool.query("select 1");
const pause = new Int32Array(new SharedArrayBuffer(4));
const now = () => Number(process.hrtime.bigint()) / 1e6;
const start = now() + 100;
for (let n = 0; n < count; n++) {
  const at = start + n * intervalMilliseconds;
  // The answers of earlier sends arrive in between.
  for (let left; (left = at - now()) > 0; ) {
    if (left > 2) await new Promise((resolve) => setTimeout(resolve, left - 1.5));
    else Atomics.wait(pause, 0, 0, left);
  }
  pool.query(sql, [JSON.stringify({ n, at })]);
}

parentPort.postMessage("sent");
