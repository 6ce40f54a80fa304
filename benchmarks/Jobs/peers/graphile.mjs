// graphile-worker. Modes: process {count, preset?}, pickup {count, warmUp}.
import { Worker } from "node:worker_threads";
import { Logger, makeWorkerUtils, run } from "graphile-worker";
import pg from "pg";
import { Drain, percentiles, serve } from "./rounds.mjs";

const logger = new Logger(() => () => {});
const quiet = { logger, noHandleSignals: true };

// One chosen for throughput, other settings were not swept again; and the one that a plain installation has.
const batched = { concurrentJobs: 24, localQueue: { size: 500 }, completeJobBatchDelay: 0, failJobBatchDelay: 0 };
const presets = { batched, plain: { concurrentJobs: 10 } };

async function prepare(connectionString) {
  const utils = await makeWorkerUtils({ connectionString, logger });
  await utils.migrate();
  await utils.release();
  return new pg.Pool({ connectionString, max: 4 });
}

await serve({
  async process({ connection, count, preset, worker }) {
    const pool = await prepare(connection);
    await pool.query("select graphile_worker.add_job('noop', json_build_object('n', n)) from generate_series(1, $1::int) n", [count]);
    await pool.query("vacuum analyze");
    const drain = new Drain(count);
    const runner = await run({
      ...quiet, connectionString: connection, maxPoolSize: 26, taskList: { noop: () => drain.add() },
      preset: { worker: worker ?? presets[preset] },
    });
    const result = await drain.rate(async () =>
      (await pool.query("select not exists (select from graphile_worker._private_jobs) as drained")).rows[0].drained);
    await runner.stop();
    await pool.end();
    return result;
  },

  async pickup({ connection, count, warmUp }) {
    const pool = await prepare(connection);
    const waits = [];
    const all = Promise.withResolvers();
    let seen = 0;
    const runner = await run({
      ...quiet, connectionString: connection, maxPoolSize: 12, preset: { worker: presets.plain },
      taskList: {
        timed: ({ n, at }) => {
          const wait = Number(process.hrtime.bigint()) / 1e6 - at;
          if (n >= warmUp) waits.push(wait);
          if (++seen === warmUp + count) all.resolve();
        },
      },
    });
    const sender = new Worker(new URL("./sender.mjs", import.meta.url), {
      workerData: {
        connectionString: connection, count: warmUp + count, intervalMilliseconds: 20,
        sql: "select graphile_worker.add_job('timed', $1)",
      },
    });
    await all.promise;
    await runner.stop();
    await sender.terminate();
    await pool.end();
    return percentiles(waits);
  },
});
