import {
  appendFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../../src/errors.ts';
import { type EvaluationKey, type Finished, openEvaluation } from '../../../src/eval/results/index.ts';
import { temporaryFolder } from '../../temporary.ts';
import { figuresOf, KEY, scoredItem, TASK } from './fixture.ts';

const folder = temporaryFolder();
const TIME = new Date('2026-03-04T05:06:07.089Z');
const DATE = '2026-03-04T05-06-07.089';

const open = (name: string, key: EvaluationKey = KEY, time = TIME) =>
  openEvaluation({ dir: join(folder.path, name), shown: name, key, time, figuresOf });
const samplesOf = (name: string, language = 'ko') =>
  join(folder.path, name, `samples_capitals_${language}_${DATE}.jsonl`);
const finished = (ids: readonly number[], language = 'ko'): Finished[] =>
  ids.map((i) => ({ task: 'capitals', docId: i, scored: scoredItem(i, language) }));
const idsIn = (path: string) =>
  readFileSync(path, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line).doc_id);

/** A folder with six items, appended in batches of no order, and closed without an end. */
async function stopped(name: string): Promise<void> {
  const evaluation = await open(name);
  await evaluation.append([...finished([3, 1]), ...finished([0], 'sw')]);
  await evaluation.append(finished([5, 0, 2]));
  await evaluation.close();
}

describe('an evaluation on disk', () => {
  it('has a file for each task and language, and the results when it ends', async () => {
    const evaluation = await open('whole');
    await evaluation.append([...finished([1, 0]), ...finished([0, 1], 'sw')]);
    expect(existsSync(join(folder.path, 'whole', `results_${DATE}.json`))).toBe(false);
    const path = await evaluation.finish(async () => '{}\n');
    await evaluation.close();
    expect(path).toBe(join(folder.path, 'whole', `results_${DATE}.json`));
    expect(readdirSync(join(folder.path, 'whole'))).toEqual([
      'evaluation.json',
      `results_${DATE}.json`,
      `samples_capitals_ko_${DATE}.jsonl`,
      `samples_capitals_sw_${DATE}.jsonl`,
    ]);
    expect(idsIn(samplesOf('whole'))).toEqual([0, 1]);
  });

  it('goes on where it stopped, under its first date', async () => {
    await stopped('on');
    const evaluation = await open('on', KEY, new Date('2027-01-01'));
    expect(evaluation.record.date).toBe(DATE);
    expect([...evaluation.done('capitals', 'ko')].sort()).toEqual(['q0', 'q1', 'q2', 'q3', 'q5']);
    expect([...evaluation.done('capitals', 'sw')]).toEqual(['q0']);
    await evaluation.append(finished([4]));
    await evaluation.finish(async () => '{}\n');
    await evaluation.close();
    expect(idsIn(samplesOf('on'))).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it('is byte for byte the uninterrupted one, wherever in a line it was killed', async () => {
    const whole = await open('uncut');
    await whole.append([...finished([0, 1, 2, 3, 4, 5]), ...finished([0], 'sw')]);
    await whole.finish(async () => '{}\n');
    await whole.close();
    const expected = readFileSync(samplesOf('uncut'));
    await stopped('cut');
    const bytes = readFileSync(samplesOf('cut'));
    const last = bytes.lastIndexOf(0x0a, bytes.length - 2) + 1;
    // In the middle of a Korean letter, before the newline, behind it, in the first line, before everything.
    const letter = bytes.indexOf(Buffer.from('수'), last) + 1;
    for (const at of [letter, bytes.length - 1, bytes.length, last, last + 1, 10, 0]) {
      writeFileSync(samplesOf('cut'), bytes);
      truncateSync(samplesOf('cut'), at);
      const evaluation = await open('cut');
      const done = evaluation.done('capitals', 'ko');
      await evaluation.append(finished([5, 4, 3, 2, 1, 0].filter((i) => !done.has(`q${i}`))));
      await evaluation.finish(async () => '{}\n');
      await evaluation.close();
      expect(readFileSync(samplesOf('cut')).equals(expected), `cut at ${at}`).toBe(true);
    }
  });

  it('refuses a line that is damaged in the middle, with its place, and leaves the file as it is', async () => {
    await stopped('damaged');
    const path = samplesOf('damaged');
    const text = readFileSync(path, 'utf8').replace('"item_id":"q1"', '"item_id":q1');
    writeFileSync(path, `${text}{"cut`);
    const place = `damaged/samples_capitals_ko_${DATE}.jsonl:2`;
    await expect(open('damaged')).rejects.toThrow(`${place}: the line is no JSON`);
    expect(readFileSync(path, 'utf8')).toBe(`${text}{"cut`);
    expect(existsSync(join(folder.path, 'damaged/.lock'))).toBe(false);
  });

  it('refuses an item that is there twice, and lines of another evaluation', async () => {
    await stopped('twice');
    const text = readFileSync(samplesOf('twice'), 'utf8');
    const [first] = text.split('\n');
    appendFileSync(samplesOf('twice'), `${first}\n`);
    await expect(open('twice')).rejects.toThrow(/jsonl:6: the line is of item "q3", as is line 1/);
    const other = first!.replace(/"evaluation":"\w+"/, '"evaluation":"other"');
    writeFileSync(samplesOf('twice'), `${other}\n`);
    await expect(open('twice')).rejects.toThrow(/jsonl:1: the line is of another evaluation/);
  });

  it('refuses a folder made with another key, and says in what they differ', async () => {
    await stopped('key');
    const before = readdirSync(join(folder.path, 'key'));
    const other = { ...KEY, compute: 'bfloat16', tasks: { capitals: { ...TASK, shots: 3 } } };
    const refused = await open('key', other).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(UserError);
    expect((refused as UserError).message).toBe(
      'key: holds the results of another evaluation, and this one has type of the arithmetic: "bfloat16", not "float32"; ' +
        'tasks.capitals.shots: 3, not 0; name another folder',
    );
    expect(readdirSync(join(folder.path, 'key'))).toEqual(before);
  });

  it.each([
    ['is no JSON', (text: string) => text.slice(0, 40), 'is damaged'],
    [
      'was edited',
      (text: string) => text.replace('float32', 'float16'),
      'its key is not the one it was made with',
    ],
    [
      'is of another format',
      (text: string) => text.replace('"format": 1', '"format": 2'),
      'format must be 1',
    ],
    ['has a date that leads elsewhere', (text: string) => text.replace(DATE, '../x'), 'has no date'],
    ['lacks parts', (text: string) => text.replace('"sources"', '"source"'), 'its key lacks parts'],
    [
      'leads elsewhere by a language',
      (text: string) => text.replace('"ko"', '"../ko"'),
      'names that no file can have',
    ],
  ])('refuses a record that %s', async (name, change, reason) => {
    await stopped(name);
    const path = join(folder.path, name, 'evaluation.json');
    writeFileSync(path, change(readFileSync(path, 'utf8')));
    await expect(open(name)).rejects.toThrow(UserError);
    await expect(open(name)).rejects.toThrow(reason);
  });

  it('refuses results of no known evaluation, such as those of lm-eval itself', async () => {
    await stopped('foreign');
    rmSync(join(folder.path, 'foreign/evaluation.json'));
    await expect(open('foreign')).rejects.toThrow(
      /^foreign: holds samples_capitals_ko.* but no evaluation.json/,
    );
  });

  it('refuses names that lead out of the folder, or mean two things, before anything is written', async () => {
    const named = (task: string, languages: string[]) =>
      open('names', { ...KEY, tasks: { [task]: { ...TASK, languages } } });
    await expect(named('../capitals', ['ko'])).rejects.toThrow('task "../capitals": a name is of');
    await expect(named('capitals', ['ko/../..', 'zh_Hant'])).rejects.toThrow(
      /language "ko\/\.\.\/\.\.".*\nlanguage "zh_Hant"/,
    );
    await expect(named('capitals', ['ko', 'ko'])).rejects.toThrow('capitals_ko names two sets of results');
    const tasks = { capitals: TASK, capitals_ko: TASK };
    await expect(open('names', { ...KEY, tasks })).rejects.toThrow('capitals_ko names two');
    expect(existsSync(join(folder.path, 'names'))).toBe(false);
  });

  it('is held by one process at a time', async () => {
    const evaluation = await open('held');
    await expect(open('held')).rejects.toThrow(UserError);
    await evaluation.close();
    await (await open('held')).close();
  });

  it('writes nothing of a batch that has a score which is no number', async () => {
    const evaluation = await open('nan');
    const [good, bad] = finished([0, 1]);
    const scores = bad!.scored.scores.map((score) => ({ ...score, logprob: Number.NaN }));
    const batch = [good!, { ...bad!, scored: { ...bad!.scored, scores } }];
    await expect(evaluation.append(batch)).rejects.toThrow(UserError);
    await evaluation.close();
    expect(existsSync(samplesOf('nan'))).toBe(false);
  });
});
