// Shows the service at work on real input: starts it on a data directory of its own, imports, searches, rebuilds, exports, restores.
// Imports EVENTS_DEMO_DATA (default: ../shared/data beside the checkout), and what is not there from scripts/samples.
import { spawn, execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const executable = process.env.EVENTS_EXECUTABLE ?? join(root, 'artifacts/run/events');
const data = process.env.EVENTS_DEMO_DATA ?? join(root, '../shared/data');
const directory = mkdtempSync(join(tmpdir(), 'events-demo-'));
const run = promisify(execFile);
const pause = (ms) => new Promise((done) => setTimeout(done, ms));

let service;
let cookie = '';
let running;

async function freePort() {
  return new Promise((done, fail) => {
    const probe = createServer().on('error', fail).listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => done(port));
    });
  });
}

async function start() {
  const url = `http://127.0.0.1:${await freePort()}`;
  const environment = { ...process.env, Events__DataDirectory: directory, ASPNETCORE_URLS: url };
  service = spawn(executable, ['serve', '--demo'], { env: environment, stdio: ['ignore', 'ignore', 'inherit'] });
  service.on('exit', (code) => { service = undefined; if (code) console.error(`the service ended with ${code}`); });
  const file = join(directory, 'run.json');
  while (!existsSync(file)) {
    if (!service) throw new Error('the service did not start');
    await pause(100);
  }
  running = JSON.parse(readFileSync(file, 'utf8'));
  running.environment = environment;
}

async function call(method, path, body, workspace) {
  const headers = { accept: 'application/json' };
  if (cookie) headers.cookie = cookie;
  if (workspace) headers['events-workspace'] = workspace;
  if (body !== undefined) headers['content-type'] = 'application/json';
  const answer = await fetch(`${running.url}/api/v1${path}`, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
  return { body: text ? JSON.parse(text) : null, headers: answer.headers };
}

async function finish(job, workspace) {
  for (;;) {
    const { body } = await call('GET', `/jobs/${job}`, undefined, workspace);
    if (body.status === 'succeeded') return body.result;
    if (['dead', 'cancelled'].includes(body.status)) throw new Error(`job ${body.type} is ${body.status}: ${body.error?.message}`);
    await pause(100);
  }
}

async function upload(path, name, contentType, workspace) {
  const { body: file } = await call('POST', '/files', { name, size: statSync(path).size, contentType }, workspace);
  const sent = await fetch(file.upload.url, { method: file.upload.method, headers: file.upload.headers, body: readFileSync(path) });
  if (!sent.ok) throw new Error(`upload of ${name}: ${sent.status} ${await sent.text()}`);
  return file.id;
}

async function importFile(path, name, format, workspace) {
  const fileId = await upload(path, name, format.endsWith('json') ? 'application/json' : 'text/csv', workspace);
  return finish((await call('POST', '/imports', { fileId, format }, workspace)).body.id, workspace);
}

async function exportTo(path, format, workspace) {
  const result = await finish((await call('POST', '/exports', { format }, workspace)).body.id, workspace);
  const { body: file } = await call('GET', `/files/${result.fileId}`, undefined, workspace);
  const bytes = Buffer.from(await (await fetch(file.download.url)).arrayBuffer());
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  if (sha256 !== result.sha256) throw new Error(`the download has SHA-256 ${sha256}, the export ${result.sha256}`);
  if (path) (await import('node:fs')).writeFileSync(path, bytes);
  return { ...result, lines: bytes.toString('utf8').split('\n').length };
}

const say = (what, values) => console.log(`${what.padEnd(26)} ${values}`);

try {
  const began = Date.now();
  await start();
  say('ready', `${running.url} after ${((Date.now() - began) / 1000).toFixed(1)} s`);
  const signedIn = await call('POST', '/session', { email: running.email, password: running.password });
  cookie = signedIn.headers.getSetCookie().map((c) => c.split(';')[0]).join('; ');
  const { body: workspace } = await call('POST', '/workspaces', { name: 'Imports' });

  const created = {};
  for (const [name, format] of [['gitlab-issues.json', 'gitlab-json'], ['issues.csv', 'csv']]) {
    const real = join(data, name);
    const path = existsSync(real) ? real : join(root, 'scripts/samples', name);
    const from = path === real ? 'given' : 'sample';
    const first = await importFile(path, name, format, workspace.id);
    created[first.projectId] = first.created;
    say(`import ${name}`, `${from}: ${first.rows} rows, ${first.created} created, ${first.failed} failed, ${first.warned} with warnings, ${Math.round(first.rows / first.seconds)} rows/s`);
    const again = await importFile(path, name, format, workspace.id);
    say('  the same again', `${again.created} created, ${again.existing} there already`);
    if (again.created !== 0) throw new Error('the second run created tasks');
  }

  // A command's position is the newest there is: reading at it waits until the read models have everything.
  const probe = await call('POST', '/projects', { key: 'DEMO', name: 'Reads what was written' }, workspace.id);
  const headers = { cookie, 'events-workspace': workspace.id, 'events-min-position': probe.headers.get('events-position') };
  const read = async (path) => {
    const answer = await fetch(`${running.url}/api/v1${path}`, { headers });
    if (!answer.ok) throw new Error(`GET ${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  };
  for (const project of (await read('/projects')).items.filter((p) => p.key !== 'DEMO')) {
    const counts = {};
    for (let cursor = ''; cursor !== null;) {
      const page = await read(`/tasks?projectId=${project.id}&limit=200${cursor && `&cursor=${encodeURIComponent(cursor)}`}`);
      for (const task of page.items) counts[task.status] = (counts[task.status] ?? 0) + 1;
      cursor = page.nextCursor;
    }
    const total = Object.values(counts).reduce((a, b) => a + b, 0);
    say(`read back ${project.key}`, `${total} tasks: ${JSON.stringify(counts)}`);
    if (total !== created[project.id]) throw new Error(`${created[project.id]} tasks were created, ${total} are listed`);
  }

  const { paths } = await (await fetch(`${running.url}/openapi/v1.json`)).json();
  if (paths['/api/v1/search']) {
    const hits = (await read('/search?q=page')).items ?? [];
    say('search "page"', hits.slice(0, 3).map((hit) => `${hit.key} ${hit.title.slice(0, 40)}`).join(' | ') || 'nothing');
  }

  const { stdout: commands } = await run(executable, ['help'], { env: running.environment });
  if (commands.includes('projections')) {
    const onDatabase = { ...running.environment, ConnectionStrings__Postgres: running.postgres };
    for (const act of [['projections', 'rebuild', 'all'], ['projections', 'verify']]) {
      const { stdout } = await run(executable, act, { env: onDatabase, maxBuffer: 1 << 24 });
      say(act.join(' '), stdout.trim().split('\n').at(-1) ?? '');
    }
  }

  const csv = await exportTo(null, 'csv', workspace.id);
  say('export csv', `${csv.count} tasks, ${csv.bytes} bytes`);
  const backup = join(directory, 'backup.ndjson');
  const events = await exportTo(backup, 'events-ndjson', workspace.id);
  say('export events', `${events.count} events, ${events.bytes} bytes, checksum ${events.checksum.slice(0, 24)}…`);
  const { body: empty } = await call('POST', '/workspaces', { name: 'Restored' });
  const fileId = await upload(backup, 'backup.ndjson', 'application/x-ndjson', empty.id);
  const restored = await finish((await call('POST', '/imports', { fileId, format: 'events-ndjson' }, empty.id)).body.id, empty.id);
  say('restored elsewhere', `${restored.created} events, ${Math.round(restored.created / restored.seconds)} events/s, checksums ${restored.equal ? 'equal' : 'DIFFER'}`);
  if (!restored.equal || restored.checksumOfWorkspace !== events.checksum) throw new Error('the restored workspace differs from the exported one');
  console.log('the demo ran to its end');
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
} finally {
  if (service) {
    const ended = new Promise((done) => service.on('exit', done));
    service.kill('SIGINT');
    await ended;
  }
  rmSync(directory, { recursive: true, force: true });
}
