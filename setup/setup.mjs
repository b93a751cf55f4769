#!/usr/bin/env node
// Sets up whatever this checkout lacks. `npm start` and `npm test` run it first; with `--test` it also provides the
// browser and the RTMP server. It must run on any Node.js from 20 on, before node_modules exists, so it is plain
// JavaScript on Node's own modules. When nothing is missing it is quick and says nothing.
//
// It leaves its findings in node_modules/.roomful-setup.json:
//
//   lockFile         SHA-256 of the package-lock.json that node_modules was installed from
//   mediasoupWorker  absolute path of the mediasoup-worker binary
//   browser          absolute path of the Chromium for the tests; only after `--test`
//   rtmpServer       folder that nginx and its RTMP module are in, for the tests; only after `--test`

const OLDEST_NODE = 20;

const { node } = process.versions;
if (Number(node.split('.')[0]) < OLDEST_NODE) {
  console.error(
    `\nRoomful needs Node.js ${OLDEST_NODE} or newer to set itself up, and this is ${node}. Install a newer one.\n`,
  );
  process.exit(1);
}

// Loaded only now: on an older Node the modules may fail to load, with an error nobody understands.
const { steps, inWords } = await import('./steps.mjs');
try {
  for (const step of steps) await step();
} catch (error) {
  console.error(`\n${inWords(error)}\n`);
  process.exitCode = 1;
}
