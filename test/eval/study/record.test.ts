import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { requireSameStudy, writeStudyRecord } from '../../../src/eval/study/record.ts';
import { temporaryFolder } from '../../temporary.ts';

const folder = temporaryFolder();
const KEY = { kind: 'sur', model: { weights: 'a'.repeat(64) }, gammas: [0.5, 1], en: null };

describe('the record of a study', () => {
  const made = (name: string) => {
    const dir = join(folder.path, name);
    mkdirSync(dir);
    return dir;
  };

  it('lets the same study go on, whatever the order of its keys', async () => {
    const dir = made('same');
    await requireSameStudy(dir, 'same', KEY);
    await writeStudyRecord(dir, KEY);
    await requireSameStudy(dir, 'same', Object.fromEntries(Object.entries(KEY).reverse()));
  });

  it('refuses another one with all differences', async () => {
    const dir = made('other');
    await writeStudyRecord(dir, KEY);
    const other = { ...KEY, model: { weights: 'b'.repeat(64) }, gammas: [2], en: { layer: 1, gamma: 2 } };
    await expect(requireSameStudy(dir, 'other', other)).rejects.toThrow(
      `other: holds another study of steering, and this one has model.weights: "${'b'.repeat(12)}", not "${'a'.repeat(12)}"; ` +
        'gammas: [2], not [0.5,1]; en: {"layer":1,"gamma":2}, not none; name another folder',
    );
  });

  it('refuses a folder of something else, and a record that is damaged', async () => {
    const dir = made('evaluation');
    writeFileSync(join(dir, 'evaluation.json'), '{}');
    await expect(requireSameStudy(dir, 'evaluation', KEY)).rejects.toThrow(
      'evaluation: holds evaluation.json of something else; name another folder',
    );
    const damaged = made('damaged');
    await writeStudyRecord(damaged, KEY);
    const path = join(damaged, 'request.json');
    const text = readFileSync(path, 'utf8');
    for (const [change, message] of [
      [text.slice(0, 40), 'is damaged: '],
      [text.replace('"sur"', '"loc"'), 'is damaged: its key is not the one it was made with'],
      [text.replace('"format": 1', '"format": 2'), 'format must be 1, found 2'],
      ['[]', 'is damaged: it has no key'],
    ] as const) {
      writeFileSync(path, change);
      await expect(requireSameStudy(damaged, 'damaged', KEY)).rejects.toThrow(message);
    }
  });
});
