/**
 * Runs TensorFlow.js's own conformance specs (`@tensorflow/tfjs-core/dist/tests`) on the `torch` backend.
 *
 * Bundled by run.mjs into one file, because specs, engine and backend must share one copy of tfjs-core. jasmine-core
 * comes without a runner for Node; what is needed of one is here: boot, filter, reporter, verdict.
 *
 * A spec that fails because a kernel is not registered is skipped and counted. Every other spec passes, or stands in
 * ignore.ts with its reason and fails; a listed spec that passes, is skipped or does not exist makes the run fail too.
 */
import { createRequire } from 'node:module';
import { startBackend } from '../../src/backend/index.ts';
import * as tf from '../../src/backend/tfjs.ts';
import { IGNORED } from './ignore.ts';
import { currentKernelTable, kernelTable } from './kernel-table.ts';
import { judge, type SpecOutcome, type Verdict } from './verdict.ts';

/** What this runner uses of jasmine-core 4.6. */
interface JasmineResult {
  fullName: string;
  status: 'passed' | 'failed' | 'pending' | 'excluded';
  failedExpectations: { message: string }[];
}
interface JasmineEnv {
  configure(options: { random: boolean; specFilter: (spec: { getFullName(): string }) => boolean }): void;
  addReporter(reporter: {
    specDone(result: JasmineResult): void;
    suiteDone(result: JasmineResult): void;
  }): void;
  clearReporters(): void;
  execute(): Promise<unknown>;
}

/** `describe` name, environment and spec as one line, without the environment that describeWithFlags adds. */
function plainName(fullName: string): string {
  return fullName.replace(/ test-torch \{\}/g, '');
}

async function runSpecs(filter: RegExp): Promise<SpecOutcome[]> {
  const require = createRequire(import.meta.url);
  const core = require('jasmine-core') as { boot(core: unknown): { getEnv(): JasmineEnv } };
  const env = core.boot(core).getEnv();
  const outcomes: SpecOutcome[] = [];
  env.configure({ random: false, specFilter: (spec) => filter.test(plainName(spec.getFullName())) });
  env.clearReporters();
  const record = (result: JasmineResult): void => {
    if (result.status === 'excluded') return;
    outcomes.push({
      name: plainName(result.fullName),
      status: result.status,
      messages: result.failedExpectations.map((failed) => failed.message),
    });
  };
  env.addReporter({
    specDone: record,
    suiteDone(result) {
      if (result.failedExpectations.length > 0) record({ ...result, status: 'failed' });
    },
  });

  // The order matters: specs are defined while dist/tests is evaluated, for the environments set by then.
  const { setTestEnvs } = await import('@tensorflow/tfjs-core/dist/jasmine_util');
  setTestEnvs([{ name: 'test-torch', backendName: 'torch', flags: {}, isDataSync: true }]);
  await import('@tensorflow/tfjs-core/dist/tests');
  await env.execute();
  return outcomes;
}

function report(verdict: Verdict, listFailures: boolean): void {
  for (const failure of verdict.failures) {
    console.log(listFailures ? JSON.stringify(failure.name) : `FAILED ${failure.name}`);
    console.log(
      `${listFailures ? '  // ' : '       '}${(failure.messages[0] ?? '').split('\n')[0]?.slice(0, 160)}`,
    );
  }
  for (const stale of verdict.stale) console.log(`STALE  ${stale.name}\n       ${stale.why}`);
  if (verdict.missingKernels.size > 0) {
    const counts = [...verdict.missingKernels]
      .sort((a, b) => b[1] - a[1])
      .map(([kernel, n]) => `${kernel} ${n}`);
    console.log(`Skipped for a kernel that is not registered: ${counts.join(', ')}`);
  }
  console.log(`Listed in test/specs/ignore.ts: ${verdict.listed}; pending upstream: ${verdict.pending}`);
}

/**
 * Entry point of run.mjs.
 *
 * @param args `[REGEX]` runs only the specs whose names match, `--failures` prints names as literals for ignore.ts,
 *   `--write` rewrites docs/kernels.md instead of checking it.
 * @returns the process's exit code
 */
export async function main(args: string[]): Promise<number> {
  const pattern = args.find((arg) => !arg.startsWith('--'));
  await startBackend({ name: 'torch', compute: 'float32' });
  const table = kernelTable(tf.getKernelsForBackend('torch').map((kernel) => kernel.kernelName));

  const outcomes = await runSpecs(new RegExp(pattern ?? '.'));
  // a filtered run cannot know whether the rest of the list is stale
  const ignored = pattern === undefined ? IGNORED : [];
  const verdict = judge(outcomes, pattern === undefined ? ignored : IGNORED, pattern === undefined);
  report(verdict, args.includes('--failures'));

  const tableIsCurrent = currentKernelTable(table, args.includes('--write'));
  if (!tableIsCurrent) console.log('FAILED docs/kernels.md is not current: npm run specs -- --write');
  const failed = verdict.failures.length + verdict.stale.length + (tableIsCurrent ? 0 : 1);
  console.log(
    `${verdict.passed} passed, ${failed} failed, ${verdict.skipped + verdict.listed + verdict.pending} skipped`,
  );
  return failed === 0 ? 0 : 1;
}
