/**
 * tfjs-node as a peer: npm's @tensorflow/tfjs-node 4.22.0 on the TensorFlow 2.21 of the pip wheel, built on first use into
 * bench/.tfjs-node (1.2 GB on disk, a minute or two). What it would download by itself is TensorFlow 2.9, years older than
 * the PyTorch it is compared with. Nothing of it becomes part of the project.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const FOLDER = 'bench/.tfjs-node';
const TENSORFLOW = 'tensorflow_cpu==2.21.0';
const PACKAGES = { '@tensorflow/tfjs-node': '4.22.0', 'node-gyp': '12.1.0' };

/** The wheel's C library and the headers that the addon includes; the rest, Python, stays packed. */
const UNPACK = `
import sys, zipfile
wanted = ('tensorflow/libtensorflow', 'tensorflow/include/tensorflow/', 'tensorflow/include/tsl/', 'tensorflow/include/xla/tsl/')
with zipfile.ZipFile(sys.argv[1]) as wheel:
    for name in wheel.namelist():
        if name.startswith(wanted):
            wheel.extract(name, sys.argv[2])
`;

/** The file name that loads the built package, for `createRequire`; built on first use. Throws where that is not possible. */
export function tfjsNode(root: string): string {
  const folder = join(root, FOLDER);
  const entry = join(folder, 'package.json');
  if (existsSync(join(folder, 'built'))) return entry;
  console.log(`Building tfjs-node on ${TENSORFLOW} in ${FOLDER} (first use only)`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  unpackTensorflow(folder);
  writeFileSync(entry, JSON.stringify({ private: true, dependencies: PACKAGES }));
  // Its install script would fetch the old TensorFlow.
  run('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], folder);
  buildAddon(folder);
  writeFileSync(join(folder, 'built'), `${TENSORFLOW}\n`);
  return entry;
}

function unpackTensorflow(folder: string): void {
  const download = mkdtempSync(join(folder, 'download-'));
  run('python3', ['-m', 'pip', 'download', '-q', '--no-deps', TENSORFLOW, '-d', download], folder);
  const wheel = readdirSync(download)[0]!;
  run('python3', ['-c', UNPACK, join(download, wheel), folder], folder);
  rmSync(download, { recursive: true });
}

function buildAddon(folder: string): void {
  const addon = join(folder, 'node_modules/@tensorflow/tfjs-node');
  const libraries = join(addon, 'deps/lib');
  mkdirSync(libraries, { recursive: true });
  const tensorflow = join(folder, 'tensorflow');
  symlinkSync(join(tensorflow, 'include'), join(addon, 'deps/include'));
  for (const name of ['libtensorflow_cc', 'libtensorflow_framework'])
    symlinkSync(join(tensorflow, `${name}.so.2`), join(libraries, `${name}.so.2`));
  // The names that binding.gyp links with; libtensorflow_cc has the C interface, too.
  symlinkSync('libtensorflow_cc.so.2', join(libraries, 'libtensorflow.so'));
  symlinkSync('libtensorflow_framework.so.2', join(libraries, 'libtensorflow_framework.so'));
  const gyp = join(folder, 'node_modules/node-gyp/bin/node-gyp.js');
  const product = ['--module_name=tfjs_binding', `--module_path=${join(addon, 'lib/napi-v8')}`];
  run(process.execPath, [gyp, 'rebuild', ...headers(), ...product, '--napi_build_version=8'], addon);
}

/** Node's headers where they came with it; node-gyp downloads them otherwise. */
function headers(): string[] {
  const prefix = dirname(dirname(process.execPath));
  return existsSync(join(prefix, 'include/node/node_api.h')) ? [`--nodedir=${prefix}`] : [];
}

/** Runs a command quietly; its output becomes the error's where it fails. */
function run(command: string, args: string[], cwd: string): void {
  try {
    execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  } catch (error) {
    const { stderr = '', code } = error as { stderr?: string; code?: string };
    throw new Error(`${command} ${args[0]}: ${code ?? stderr.trim().split('\n').slice(-5).join('\n')}`);
  }
}
