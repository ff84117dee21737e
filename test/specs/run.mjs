/**
 * `npm run specs [REGEX] [-- --failures --write]`: bundles entry.ts and runs it.
 */
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { bundleOptions } from '../../scripts/bundle-options.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const outfile = join(root, 'build/specs/specs.mjs');
process.chdir(root);

await build({
  ...bundleOptions,
  entryPoints: [join(root, 'test/specs/entry.ts')],
  outfile,
  external: ['jasmine-core', 'jasmine-core/*', 'esbuild'],
  logLevel: 'error',
});
const { main } = await import(pathToFileURL(outfile).href);
process.exitCode = await main(process.argv.slice(2));
