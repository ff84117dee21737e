// @ts-check
/**
 * Brings a source checkout to where it runs: npm packages as locked, and the bundle of src/ in dist/. Plain Node
 * without packages, as it is what installs them. Nothing to do costs some milliseconds; an installed package, which
 * has no src/, never has anything to do.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { bundleOptions } from './bundle-options.mjs';
import { withLock } from './lock.mjs';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const dist = path.join(root, 'dist');
const stampFile = path.join(dist, 'stamp.json');

/** Bundled although they are packages: they are ES modules that Node cannot load (tfjs), or are imported by those. */
const BUNDLED = ['@tensorflow/tfjs-core', '@tensorflow/tfjs-layers', 'seedrandom'];
/** Loaded if the user has installed them. */
const OPTIONAL = ['@tensorflow/tfjs-node', '@tensorflow/tfjs-node-gpu', 'node-fetch'];
/** Chunks of earlier bundles stay this long: a running process may still import one. */
const KEEP_MS = 24 * 3600 * 1000;

/** Makes node_modules and dist/ current. Prints one line for each thing it does, to stderr. */
export async function prepare() {
  if (!fs.existsSync(path.join(root, 'src'))) return;
  if (packagesAreCurrent() && bundleIsCurrent()) return;
  await withLock(
    path.join(root, 'build', '.lock'),
    async () => {
      // Somebody else may have done it while this process waited.
      if (!packagesAreCurrent()) step('installing npm packages', installPackages);
      if (!bundleIsCurrent()) await bundle();
    },
    (holder) => say(`waiting for ${holder}, which is setting up this checkout\n`),
  );
}

/** True if every package of package-lock.json that is not optional is there in its version. */
function packagesAreCurrent() {
  const locked = readJson(path.join(root, 'package-lock.json'))?.packages;
  const installed = readJson(path.join(root, 'node_modules', '.package-lock.json'))?.packages;
  if (!locked || !installed) return false;
  return Object.entries(locked).every(
    ([name, entry]) => name === '' || entry.optional || installed[name]?.version === entry.version,
  );
}

function installPackages() {
  // `npm ci` leaves the lock file alone and takes exactly what it says. npm is the one that runs us, if one does.
  const npm = process.env.npm_execpath;
  const [command, args] = npm?.endsWith('.js') ? [process.execPath, [npm]] : ['npm', []];
  const result = spawnSync(command, [...args, 'ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    encoding: 'utf8',
    shell: process.platform === 'win32',
  });
  if (result.error || result.status !== 0) {
    const output = [result.stdout, result.stderr].filter(Boolean).join('\n').trim();
    fail(
      `npm packages could not be installed: ${result.error?.message ?? `npm ci ended with ${result.status}`}`,
      output,
      'Without them nothing runs. Check the network and `npm config get registry`, then repeat the command.',
    );
  }
}

/** Size and time of every source: changes when one is edited, added or removed. */
function fingerprint() {
  const hash = createHash('sha256');
  const files = fs
    .readdirSync(path.join(root, 'src'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath ?? entry.path, entry.name));
  files.push(path.join(root, 'package-lock.json'));
  for (const own of ['prepare.mjs', 'bundle-options.mjs']) files.push(path.join(root, 'scripts', own));
  for (const file of files.sort()) {
    const { size, mtimeMs } = fs.statSync(file);
    hash.update(`${path.relative(root, file)} ${size} ${mtimeMs}\n`);
  }
  return hash.digest('hex');
}

function bundleIsCurrent() {
  return readJson(stampFile)?.fingerprint === fingerprint();
}

async function bundle() {
  const before = fingerprint();
  const { build } = await import('esbuild');
  const { dependencies } = readJson(path.join(root, 'package.json'));
  const external = [...Object.keys(dependencies), ...OPTIONAL].filter((name) => !BUNDLED.includes(name));
  const result = await build({
    ...bundleOptions,
    absWorkingDir: root,
    entryPoints: { cli: 'src/cli/main.ts', index: 'src/index.ts' },
    outdir: dist,
    splitting: true,
    external: external.flatMap((name) => [name, `${name}/*`]),
    chunkNames: 'chunk-[hash]',
    sourcemap: 'linked',
    write: /** @type {const} */ (false),
    logLevel: 'silent',
  }).catch((error) => fail('the sources do not bundle', error.message));
  fs.mkdirSync(dist, { recursive: true });
  // Entries come last, each file whole, so that a process starting meanwhile finds what it imports.
  const isEntry = (/** @type {string} */ file) => !path.basename(file).startsWith('chunk-');
  for (const file of [...result.outputFiles].sort(
    (a, b) => Number(isEntry(a.path)) - Number(isEntry(b.path)),
  )) {
    fs.writeFileSync(`${file.path}.new`, file.contents);
    fs.renameSync(`${file.path}.new`, file.path);
  }
  const made = new Set(result.outputFiles.map((file) => path.basename(file.path)));
  for (const name of fs.readdirSync(dist)) {
    const file = path.join(dist, name);
    if (name.startsWith('chunk-') && !made.has(name) && Date.now() - fs.statSync(file).mtimeMs > KEEP_MS) {
      fs.rmSync(file, { force: true });
    }
  }
  fs.writeFileSync(stampFile, JSON.stringify({ fingerprint: before }));
}

/**
 * @param {string} text
 * @param {() => void} work
 */
function step(text, work) {
  say(`${text} ... `);
  const start = Date.now();
  work();
  process.stderr.write(`${((Date.now() - start) / 1000).toFixed(1)} s\n`);
}

/** @param {string} text */
function say(text) {
  process.stderr.write(`isogloss: ${text}`);
}

/**
 * @param {string} what
 * @param {string} output
 * @param {string} [remedy]
 * @returns {never}
 */
function fail(what, output, remedy) {
  throw new PrepareError([`error: ${what}`, output, remedy].filter(Boolean).join('\n'));
}

/** Something outside the code that keeps it from being made runnable; `message` is all there is to show. */
export class PrepareError extends Error {}

/** @param {string} file */
function readJson(file) {
  try {
    return JSON.parse(fs.readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}

/** `prepare`, ending the process with a message and code 1 if it cannot be done. */
export async function prepareOrExit() {
  try {
    await prepare();
  } catch (error) {
    if (!(error instanceof PrepareError)) throw error;
    process.stderr.write(`\n${error.message}\n`);
    process.exit(1);
  }
}

if (process.argv[1] && import.meta.url === pathToFileURL(fs.realpathSync(process.argv[1])).href) {
  await prepareOrExit();
}
