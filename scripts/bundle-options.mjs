// @ts-check
/** How this project's TypeScript is bundled for Node, wherever that is done: command line, tests, specs, benchmarks. */

/** @satisfies {import('esbuild').BuildOptions} */
export const bundleOptions = {
  bundle: true,
  format: /** @type {const} */ ('esm'),
  platform: /** @type {const} */ ('node'),
  target: 'node20',
  mainFields: ['module', 'main'],
  // tfjs marks modules as free of side effects that register gradients and kernels, or hold its specs.
  ignoreAnnotations: true,
  // CommonJS inside the bundle asks for Node's own modules by require. esbuild itself declares `__require`.
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
  },
};
