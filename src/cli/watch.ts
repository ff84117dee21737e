/** Runs training with its progress drawn, and its loss curve afterwards if asked for. */
import { readFileSync } from 'node:fs';
import { memoryInfo } from '../backend/index.ts';
import { runPaths } from '../runs/index.ts';
import type { ProgressSink, TrainResult } from '../trainers/index.ts';
import { chart } from './chart.ts';
import { createProgress } from './progress.ts';

/** Calls `run` with a sink that draws to stderr. */
export async function watch(
  options: { chart: boolean },
  run: (progress: ProgressSink) => Promise<TrainResult>,
): Promise<void> {
  const result = await run(createProgress({ memory: () => memoryInfo().peakBytes }));
  if (options.chart) process.stdout.write(`\n${lossChart(result.runDir)}\n`);
}

/** The curve of the whole run, also of the part before a resumption, from its metrics.jsonl. */
function lossChart(runDir: string): string {
  const rows = readFileSync(runPaths(runDir).metrics, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, number>);
  const points = (key: string) =>
    rows.filter((row) => row[key] !== undefined).map((row) => [row.global_step!, row[key]!] as const);
  return chart(
    [
      { label: 'training loss', mark: '.', points: points('loss') },
      { label: 'held-out loss', mark: 'O', points: points('eval_loss') },
    ].filter((series) => series.points.length > 0),
  );
}
