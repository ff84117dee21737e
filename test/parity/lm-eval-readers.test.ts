/** A folder of results, opened by what opens those of lm-evaluation-harness. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { findPeerPython } from '../../bench/peer-python.ts';
import { openEvaluation, resultsText, savedScores, taskHash } from '../../src/eval/results/index.ts';
import { figuresOf, KEY, scoredItem } from '../eval/results/fixture.ts';
import { resultsOf } from '../eval/results/results-of.ts';
import { temporaryFolder } from '../temporary.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const python = findPeerPython(ROOT);
const hasIt = python !== undefined && spawnSync(python, ['-c', 'import lm_eval, datasets']).status === 0;
const why = hasIt ? '' : ' (skipped: no Python with lm_eval 0.4.13; set ISOGLOSS_PEER_PYTHON)';

describe.skipIf(!hasIt)(`a folder of results, seen by lm-evaluation-harness${why}`, () => {
  const folder = temporaryFolder();
  const DATE = '2026-03-04T05-06-07.089';
  let hashes: Record<string, string>;
  let seen: Record<string, unknown>;

  beforeAll(async () => {
    const dir = join(folder.path, 'results');
    const time = new Date('2026-03-04T05:06:07.089Z');
    const evaluation = await openEvaluation({ dir, shown: dir, key: KEY, time, figuresOf });
    const of = (i: number, language: string) => ({
      task: 'capitals',
      docId: i,
      scored: scoredItem(i, language),
    });
    const impossible = of(3, 'ko');
    const scores = impossible.scored.scores.map((score, n) => ({
      ...score,
      logprob: [Number.NEGATIVE_INFINITY, -1.2345678e-5, -12][n]!,
    }));
    await evaluation.append([of(2, 'ko'), of(0, 'ko'), of(0, 'sw'), of(1, 'ko')]);
    await evaluation.append([{ ...impossible, scored: { ...impossible.scored, scores } }]);
    await evaluation.finish(async () => resultsText(resultsOf(evaluation.record)));
    await evaluation.close();
    hashes = {};
    for await (const saved of savedScores(dir))
      hashes[`capitals_${saved.language}`] = taskHash(saved.scores.map((score) => score.hashes));
    const scratch = join(folder.path, 'scratch');
    mkdirSync(scratch);
    const output = execFileSync(python!, [join(ROOT, 'test/parity/lm_eval_readers.py'), dir, scratch], {
      encoding: 'utf8',
      env: { ...process.env, HF_HUB_OFFLINE: '1', HF_HOME: join(scratch, 'hf') },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    seen = JSON.parse(output.trim().split('\n').at(-1)!);
  }, 300_000);

  it('is found by its names', () => {
    expect(seen).toMatchObject({
      results: [`results_${DATE}.json`],
      latest: `results_${DATE}.json`,
      samples: [`samples_capitals_ko_${DATE}.jsonl`, `samples_capitals_sw_${DATE}.jsonl`],
      tasks: { capitals_ko: DATE, capitals_sw: DATE },
    });
  });

  it('is printed as tables, groups above their members', () => {
    const rows = (table: unknown) =>
      String(table)
        .split('\n')
        .slice(2)
        .filter(Boolean)
        .map((row) =>
          row
            .split('|')
            .map((cell) => cell.trim())
            .filter(Boolean)
            .join(' '),
        );
    expect(rows(seen.table)).toEqual([
      'capitals 1 none 0 acc ↑ 0.75 ± 0.125',
      '- capitals_ko 1 none 0 acc ↑ 0.50 ± 0.250',
      '- capitals_sw 1 none 0 acc ↑ 1.00 ± N/A',
    ]);
    expect(rows(seen.groups)).toEqual(['capitals 1 none 0 acc ↑ 0.75 ± 0.125']);
  });

  it('has its keys, and one of ours', () => {
    expect(seen).toMatchObject({ unknown_keys: ['isogloss'], missing_sample_keys: [] });
  });

  it('has its hashes and its spelling of numbers', () => {
    expect(seen).toMatchObject({ other_hashes: [], other_answers: [] });
  });

  it('is taken by its writer, which hashes tasks as we do', () => {
    expect(seen.written).toEqual([hashes]);
  });

  it('is a data set to the datasets library', () => {
    expect(seen.loaded).toMatchObject({
      rows: 5,
      first: [
        ['-1.5', 'True'],
        ['-1.0', 'False'],
        ['-1.75', 'False'],
      ],
    });
  });
});
