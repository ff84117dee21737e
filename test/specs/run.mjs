/**
 * `npm run specs [REGEX] [-- --failures --write]`: bundles entry.ts and runs it.
 *
 * `ignoreAnnotations`: tfjs-core declares its spec files free of side effects, and esbuild would drop nearly all.
 */
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('../..', import.meta.url));
const outfile = join(root, 'build/specs/specs.mjs');
process.chdir(root);

await build({
  entryPoints: [join(root, 'test/specs/entry.ts')],
  outfile,
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  mainFields: ['module', 'main'],
  ignoreAnnotations: true,
  external: ['jasmine-core', 'jasmine-core/*', 'esbuild'],
  logLevel: 'error',
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
  },
});
const { main } = await import(pathToFileURL(outfile).href);
process.exitCode = await main(process.argv.slice(2));
