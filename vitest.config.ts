import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  // tfjs-core has to be one instance: its ES modules, not the CommonJS bundle that `main` names.
  resolve: {
    alias: [
      {
        find: /^@tensorflow\/tfjs-(core|layers)$/,
        replacement: fileURLToPath(
          new URL('./node_modules/@tensorflow/tfjs-$1/dist/index.js', import.meta.url),
        ),
      },
    ],
  },
  test: {
    include: ['test/**/*.test.ts'],
    // The addon's tensor table belongs to one process: processes, never worker threads.
    pool: 'forks',
    // One process for all files: TensorFlow.js and the addon are loaded once.
    isolate: false,
    fileParallelism: false,
    // Threads that spin while they wait make the tests ten times slower on a machine that is busy with something else.
    env: { OMP_WAIT_POLICY: process.env.OMP_WAIT_POLICY ?? 'passive' },
    testTimeout: 120_000,
    hookTimeout: 300_000,
    // tfjs ships ES modules that Node cannot load by itself (extensionless imports); Vite can.
    server: { deps: { inline: [/@tensorflow\/tfjs-(core|layers)/] } },
  },
});
