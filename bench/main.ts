/** Runs one benchmark, prints its table and writes its results; what run.mjs calls in the bundle. */
import { type Benchmark, formatTable, writeResults } from './harness.ts';
import { peerPython } from './peer-python.ts';

/** @returns the process's exit code: 0 also where an aim is not met, for a slow machine is not a broken program */
export async function main(
  benchmark: Benchmark,
  { root, name, args }: { root: string; name: string; args: string[] },
): Promise<number> {
  const { results, versions } = await benchmark.run({ root, args, python: () => peerPython(root) });
  console.log(formatTable(results));
  if (results.length > 0) console.log(`Written to ${writeResults(root, name, results, versions)}`);
  return 0;
}
