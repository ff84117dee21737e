import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openMetrics } from '../../src/runs/metrics-log.ts';
import { temporaryFolder } from '../temporary.ts';

const folder = temporaryFolder();
const steps = async (path: string): Promise<number[]> =>
  (await readFile(path, 'utf8'))
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line).global_step);

describe('metrics.jsonl', () => {
  it('is cut back to the step that a resume starts from, so that it has each step once', async () => {
    const path = join(folder.path, 'a.jsonl');
    const first = await openMetrics(path, 0);
    first.append({ global_step: 0, eval_loss: 4, eval_seconds: 1 });
    for (const global_step of [1, 2, 3]) first.append({ global_step, loss: 1 });
    first.append({ global_step: 3, eval_loss: 2, eval_seconds: 1 });
    first.close();
    const second = await openMetrics(path, 2);
    expect([...second.evaluated]).toEqual([[0, { global_step: 0, eval_loss: 4, eval_seconds: 1 }]]);
    second.append({ global_step: 3, loss: 1 });
    second.close();
    expect(await steps(path)).toEqual([0, 1, 2, 3]);
  });

  it('says so if it does not reach up to that step', async () => {
    const path = join(folder.path, 'short.jsonl');
    await writeFile(path, '{"global_step":1,"loss":1}\n{"glob?\n{"global_step":3,"loss":1}\n');
    const said: string[] = [];
    (await openMetrics(path, 1, (text) => said.push(text))).close();
    expect(said).toEqual([]);
    (await openMetrics(path, 3, (text) => said.push(text))).close();
    expect(said).toEqual([expect.stringContaining('after step 1: steps up to 3 are missing')]);
  });

  it.each(['{"global_step":2,"lo', '{"global_step":2,"loss":1}'])(
    'drops an unfinished last line: %s',
    async (torn) => {
      const path = join(folder.path, 'b.jsonl');
      await writeFile(path, `{"global_step":1,"loss":1}\n${torn}`);
      const log = await openMetrics(path, 5);
      log.append({ global_step: 2, loss: 3 });
      log.sync();
      log.close();
      expect(await readFile(path, 'utf8')).toBe('{"global_step":1,"loss":1}\n{"global_step":2,"loss":3}\n');
    },
  );
});
