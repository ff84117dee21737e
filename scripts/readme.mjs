// @ts-check
/**
 * Runs the commands of README.md one after the other, as a reader would: every line of its blocks marked `sh`. Stops
 * at the first that fails. Names as arguments are left out (`npm test`, which CI runs by itself).
 */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));

/**
 * The commands in a Markdown text: lines of its blocks marked sh, without their comments.
 *
 * @param {string} markdown
 * @returns {string[]}
 */
export function commands(markdown) {
  return [...markdown.matchAll(/^```sh\n(.*?)^```$/gms)]
    .flatMap(([, block]) => (block ?? '').split('\n'))
    .map((line) => line.replace(/(^|\s)#.*$/, '').trim())
    .filter((line) => line !== '');
}

/** @param {readonly string[]} skip */
function main(skip) {
  const readme = fs.readFileSync(path.join(root, 'README.md'), 'utf8');
  for (const command of commands(readme)) {
    if (skip.includes(command)) continue;
    console.log(`\n$ ${command}`);
    const start = Date.now();
    const { status, signal } = spawnSync(command, { cwd: root, shell: '/bin/bash', stdio: 'inherit' });
    console.log(`-> ${signal ?? status}, ${((Date.now() - start) / 1000).toFixed(1)} s`);
    if (status !== 0) process.exit(status ?? 1);
  }
}

if (process.argv[1] && import.meta.url === pathToFileURL(fs.realpathSync(process.argv[1])).href) {
  main(process.argv.slice(2));
}
