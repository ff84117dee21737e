/**
 * `npm run bench` lists the benchmarks, `npm run bench NAME [ARGS]` runs one: bundles bench/NAME.ts (TypeScript,
 * TensorFlow.js and all, as the command line itself is bundled), runs it, prints a table, writes its results.
 */
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { bundleOptions } from '../scripts/bundle-options.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const SHARED = ['harness.ts', 'main.ts', 'peer-python.ts', 'random-tensor.ts'];
const names = readdirSync(join(root, 'bench'))
  .filter((file) => file.endsWith('.ts') && !SHARED.includes(file))
  .map((file) => file.slice(0, -3));

const [name, ...args] = process.argv.slice(2);
if (name === undefined) {
  console.log('npm run bench NAME [ARGS], where NAME is one of');
  for (const each of names) {
    const about = /^\/\*\*\s*\*?\s*(.*?)(?:\n|\*\/)/.exec(
      readFileSync(join(root, 'bench', `${each}.ts`), 'utf8'),
    );
    console.log(`  ${each.padEnd(12)} ${about?.[1]?.trim() ?? ''}`);
  }
} else if (!names.includes(name)) {
  console.error(`There is no benchmark ${name}; there are ${names.join(', ')}.`);
  process.exitCode = 2;
} else {
  const outfile = join(root, 'build/bench', `${name}.mjs`);
  mkdirSync(join(root, 'build/bench'), { recursive: true });
  await build({
    ...bundleOptions,
    stdin: {
      contents: `export { main } from './main.ts'; export { default } from './${name}.ts';`,
      resolveDir: join(root, 'bench'),
      loader: 'ts',
    },
    outfile,
    // wasm finds its binary beside its own files
    external: ['esbuild', '@tensorflow/tfjs-backend-wasm'],
    logLevel: 'error',
  });
  const { main, default: benchmark } = await import(pathToFileURL(outfile).href);
  process.exitCode = await main(benchmark, { root, name, args });
}
