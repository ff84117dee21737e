/** docs/kernels.md: which of TensorFlow.js's kernels the `torch` backend has. Generated from its registry. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import * as kernelNames from '@tensorflow/tfjs-core/dist/kernel_names';

const FILE = 'docs/kernels.md';

/** Names of all kernels that TensorFlow.js itself defines. */
function upstreamKernels(): string[] {
  const names = Object.values(kernelNames).filter((value) => typeof value === 'string');
  return [...new Set(names)].sort((a, b) => a.localeCompare(b, 'en'));
}

/**
 * The page as Markdown.
 *
 * @param registered kernels of the `torch` backend
 */
export function kernelTable(registered: string[]): string {
  const upstream = upstreamKernels();
  const native = new Set(registered);
  const own = registered.filter((name) => !upstream.includes(name)).sort((a, b) => a.localeCompare(b, 'en'));
  const have = upstream.filter((name) => native.has(name));
  const lines = [
    '# Kernels of the torch backend',
    '',
    'Written by `npm run specs -- --write` from the registry; `npm run specs` fails when it is not current.',
    '',
    `TensorFlow.js defines ${upstream.length} kernels; ${have.length} are native here, ${upstream.length - have.length} are absent.`,
    'An absent kernel is an error that names it, never a silent detour over another backend. `native/README.md` shows',
    'how to add one.',
    '',
    '| kernel | torch |',
    '|---|---|',
    ...upstream.map((name) => `| ${name} | ${native.has(name) ? 'native' : 'none'} |`),
    '',
    '## Fused kernels of this project',
    '',
    'Native on `torch`; on `wasm` and `tensorflow` the same operation is composed of the kernels above, tested equal.',
    '',
    '| kernel | torch | wasm, tensorflow |',
    '|---|---|---|',
    ...own.map((name) => `| ${name} | native | composed |`),
    '',
  ];
  return lines.join('\n');
}

/** Whether docs/kernels.md holds `table`; with `write`, makes it so. Paths are relative to the repository's root. */
export function currentKernelTable(table: string, write: boolean): boolean {
  if (write) {
    mkdirSync('docs', { recursive: true });
    writeFileSync(FILE, table);
  }
  try {
    return readFileSync(FILE, 'utf8') === table;
  } catch {
    return false;
  }
}
