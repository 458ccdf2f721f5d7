// A function in JavaScript: node's own HTTP server on $PORT.
//   /            says hello            /env     its environment, one a line
//   /tmp-write   writes and reads a file in /tmp
//   /subprocess  runs node as a child and tells what the child said
//   /threads     adds numbers in eight worker threads
//   /dns         resolves a name that /etc/hosts has, and fails to resolve one that nobody has
// SIGTERM ends it with status 0.
'use strict';
const childProcess = require('node:child_process');
const dns = require('node:dns/promises');
const fs = require('node:fs');
const http = require('node:http');
const path = require('node:path');
const { Worker } = require('node:worker_threads');

const threads = 8;
const addUp = `let sum = 0; for (let i = 1; i <= 1000; ++i) sum += i; require('node:worker_threads').parentPort.postMessage(sum);`;

function add() {
  return new Promise((resolve, reject) => {
    const worker = new Worker(addUp, { eval: true });
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}

const answers = {
  '/': async () => 'hello from node\n',
  '/env': async () => Object.entries(process.env).map(([name, value]) => `${name}=${value}\n`).join(''),
  '/tmp-write': async () => {
    const directory = fs.mkdtempSync('/tmp/function-');
    const file = path.join(directory, 'file');
    fs.writeFileSync(file, 'kept');
    const text = fs.readFileSync(file, 'utf8');
    fs.rmSync(directory, { recursive: true });
    return `file says ${text}\n`;
  },
  '/subprocess': async () => {
    const child = childProcess.spawnSync(process.execPath, ['-e', 'process.stdout.write("42")'], { encoding: 'utf8' });
    return `child says ${child.stdout}, status ${child.status}\n`;
  },
  '/threads': async () => {
    const sums = await Promise.all(Array.from({ length: threads }, add));
    return `threads say ${sums.reduce((total, sum) => total + sum, 0)}\n`;
  },
  '/dns': async () => {
    await dns.lookup('localhost');
    const failed = await dns.lookup('nowhere.invalid').then(() => false, () => true);
    return failed ? 'dns says ok\n' : 'dns says that nowhere is somewhere\n';
  },
};

const server = http.createServer(async (request, response) => {
  let status = 200;
  let body;
  try {
    const answer = answers[request.url];
    [status, body] = answer ? [200, await answer()] : [404, 'no such path\n'];
  } catch (error) {
    [status, body] = [500, `error: ${error.message}\n`];
  }
  response.writeHead(status, { 'Content-Type': 'text/plain', Connection: 'close' });
  response.end(body);
});

process.on('SIGTERM', () => process.exit(0));
const port = Number(process.env.PORT || 8080);
server.listen(port, '0.0.0.0', () => console.error(`listening on ${port}`));
