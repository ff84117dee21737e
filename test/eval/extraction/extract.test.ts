/** EN and LOC of the toy tasks, held to states of one prompt at a time, subtracted by hand. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as tf from '../../../src/backend/tfjs.ts';
import { type ExtractionRequest, extractVector } from '../../../src/eval/extraction/extract.ts';
import { verifyVector } from '../../../src/eval/extraction/verify.ts';
import { splitItems } from '../../../src/eval/tasks/splits.ts';
import { toy } from '../../../src/eval/tasks/toy.ts';
import { toyCulture } from '../../../src/eval/tasks/toy-culture.ts';
import { createGemma3, type Gemma3, presetConfig } from '../../../src/model/index.ts';
import { loadTokenizer, type Tokenizer } from '../../../src/model/tokenizer/index.ts';
import { makeVector } from '../../../src/steering/identity.ts';
import type { SteeringVector } from '../../../src/steering/vector.ts';
import { startTorch } from '../../backend/torch.ts';
import { maxAbsDifference } from '../../parity/fixture.ts';
import { temporaryFolder } from '../../temporary.ts';

const folder = temporaryFolder();
beforeAll(() => startTorch());

const EN: ExtractionRequest = {
  ...{ kind: 'en', model: 'tiny', task: { name: 'toy', options: {} }, languages: ['es', 'ko'] },
  ...{ shots: 0, chat: false, seed: 3, readAt: 'last', appliedAt: 'prompt_end', splitBy: 'question' },
  ...{ dev1: 6, dev2: 6, tokenBudget: 300, backend: { name: 'torch', compute: 'float32' } },
};
const LOC: ExtractionRequest = { ...EN, kind: 'loc', task: { name: 'toy_culture', options: {} } };
const said: string[] = [];
const options = () => ({
  cwd: folder.path,
  progress: { downloading() {}, message: (text: string) => void said.push(text) },
  stop: { signal: undefined },
});
const extract = (changes: Partial<ExtractionRequest> = {}) => extractVector({ ...EN, ...changes }, options());

const { hiddenSize: D, numHiddenLayers: L } = presetConfig('tiny');

let model: Gemma3;
let tokenizer: Tokenizer;
beforeAll(async () => {
  model = createGemma3(presetConfig('tiny'), 0);
  tokenizer = await loadTokenizer(join(import.meta.dirname, '../../../data/tiny'));
});
afterAll(() => model.dispose());

/** States [L, D] of a text by itself: the mean over tokens from `from` on. */
function statesOf(text: string, from: (ids: number[]) => number): number[] {
  const ids = [...tokenizer.encode(text)];
  const layers = Array.from({ length: L }, (_, layer) => layer);
  return tf.tidy(() => {
    const { taps } = model.forward({ tokens_BT: tf.tensor2d([ids], [1, ids.length], 'int32'), taps: layers });
    return layers.flatMap((layer) => {
      const tokens = (taps.get(layer)!.arraySync() as number[][][])[0]!.slice(from(ids));
      return Array.from({ length: D }, (_, d) => tokens.reduce((sum, h) => sum + h[d]! / tokens.length, 0));
    });
  });
}
const last = (ids: number[]) => ids.length - 1;

/** The mean over pairs of texts of the difference of their states. */
function byHand(pairs: [string, string][], from = last): Float64Array {
  const mean = new Float64Array(L * D);
  for (const [plus, minus] of pairs) {
    const [a, b] = [statesOf(plus, from), statesOf(minus, from)];
    for (const i of mean.keys()) mean[i]! += (a[i]! - b[i]!) / pairs.length;
  }
  return mean;
}
const asked = (question: string) => `Question: ${question}\nAnswer:`;
/** float32 sums of a random model's states, which are about 1. */
const TOLERANCE = 1e-5;

describe('EN', () => {
  it('is English minus the language, on the pairs of Dev1, at the last token of the prompt', async () => {
    const vector = await extract();
    const { items } = await toy.read({ languages: ['en', 'es', 'ko'], cwd: '', seed: 3, options: {} });
    const { dev1 } = splitItems(items, { seed: 3, dev1: 6, dev2: 6 });
    const of = (language: string) => dev1.filter((item) => item.language === language);
    for (const language of ['es', 'ko']) {
      expect(vector.facts.pairs[language]!.ids).toEqual(of(language).map(({ id }) => id));
      const pairs = of(language).map((item): [string, string] => {
        const english = of('en').find(({ id }) => id === item.id)!;
        return [asked(english.question), asked(item.question)];
      });
      expect(pairs).toHaveLength(6);
      expect(maxAbsDifference(vector.vectors_LD.get(language)!, byHand(pairs))).toBeLessThan(TOLERANCE);
    }
    expect([...vector.vectors_LD.keys()]).toEqual(['es', 'ko']);
  });

  it('is the same to the last bit when it is taken again, and by one language alone to rounding', async () => {
    const [one, again, alone] = [await extract(), await extract(), await extract({ languages: ['ko'] })];
    expect(again.identity).toBe(one.identity);
    const ko = (vector: SteeringVector) => vector.vectors_LD.get('ko')!;
    expect(maxAbsDifference(ko(alone), ko(one))).toBeLessThan(TOLERANCE);
    expect((await extract({ seed: 4 })).facts.pairs.es!.sha256).not.toBe(one.facts.pairs.es!.sha256);
  });

  it('is of all languages that the task has but English unless told', async () => {
    const { facts } = await extract({ languages: [], dev1: 1, dev2: 0 });
    expect(Object.keys(facts.pairs)).toEqual(['es', 'id', 'ko', 'el', 'zh', 'ar']);
  });

  it('can be read as the mean over the prompt but <bos>, or at the last token of the right answer', async () => {
    const { items } = await toy.read({ languages: ['en', 'es'], cwd: '', seed: 3, options: {} });
    const { dev1 } = splitItems(items, { seed: 3, dev1: 2, dev2: 6 });
    const pairs = (behind: (item: (typeof dev1)[0]) => string) =>
      dev1
        .filter(({ language }) => language === 'es')
        .map((item): [string, string] => {
          const english = dev1.find(({ id, language }) => id === item.id && language === 'en')!;
          return [asked(english.question) + behind(english), asked(item.question) + behind(item)];
        });
    const few = { languages: ['es'], dev1: 2 };
    const mean = await extract({ ...few, readAt: 'mean' });
    const none = byHand(
      pairs(() => ''),
      () => 1,
    );
    expect(maxAbsDifference(mean.vectors_LD.get('es')!, none)).toBeLessThan(TOLERANCE);
    const answer = await extract({ ...few, readAt: 'answer' });
    const right = byHand(pairs(({ options: own, gold }) => ` ${own[gold]}`));
    expect(maxAbsDifference(answer.vectors_LD.get('es')!, right)).toBeLessThan(TOLERANCE);
  });
});

describe('LOC', () => {
  it('is the question with the country minus the one without, in the same language', async () => {
    const vector = await extractVector(LOC, options());
    const read = (form: string) =>
      toyCulture.read({ languages: ['es', 'ko'], cwd: '', seed: 3, options: { form } });
    const [named, plain] = [(await read('contextualized')).items, (await read('decontextualized')).items];
    const { dev1 } = splitItems(plain, { seed: 3, dev1: 6, dev2: 6 });
    for (const language of ['es', 'ko']) {
      const pairs = dev1
        .filter((item) => item.language === language)
        .map((item): [string, string] => {
          const full = named.find((one) => one.id === item.id && one.language === language)!;
          return [asked(full.question), asked(item.question)];
        });
      expect(vector.facts.pairs[language]!.ids).toHaveLength(pairs.length);
      expect(maxAbsDifference(vector.vectors_LD.get(language)!, byHand(pairs))).toBeLessThan(TOLERANCE);
    }
  });

  it('is refused of a task that has not both forms, and with the form chosen', async () => {
    const refused = (task: ExtractionRequest['task']) => extractVector({ ...LOC, task }, options());
    await expect(refused({ name: 'toy', options: {} })).rejects.toThrow(
      /toy does not ask its questions with the country and without.* toy_culture do/,
    );
    await expect(refused({ name: 'toy_culture', options: { form: 'contextualized' } })).rejects.toThrow(
      'the option form is not to be set',
    );
  });
});

describe('extraction', () => {
  it('refuses questions that are only on one side, by their names', async () => {
    const row = (id: number, lang: string) => ({
      ...{ id: `q${id}`, lang, question: `${lang} ${id}?`, options: ['a', 'b'], answer: 0 },
    });
    const ids = [0, 1, 2, 3, 4, 5, 6, 7];
    const rows = [...ids.map((id) => row(id, 'en')), ...ids.slice(1).map((id) => row(id + 1, 'es'))];
    writeFileSync(join(folder.path, 'q.jsonl'), rows.map((one) => JSON.stringify(one)).join('\n'));
    const task = { name: 'mcq', path: 'q.jsonl', options: { intersect: 'no' } };
    await expect(extract({ task, languages: ['es'], dev1: 99 })).rejects.toThrow(
      /mcq: \d questions of Dev1 have no pair in es: .*q\d/,
    );
  });

  it('refuses English alone, a task that has none, and too few questions', async () => {
    await expect(extract({ languages: ['en'] })).rejects.toThrow(
      'EN is the difference of English from another',
    );
    const row = (lang: string) => `{"id":1,"lang":"${lang}","question":"?","options":["a","b"],"answer":0}\n`;
    const task = { name: 'mcq', path: 'ko.jsonl', options: {} };
    writeFileSync(join(folder.path, 'ko.jsonl'), row('ko'));
    await expect(extract({ task, languages: [] })).rejects.toThrow('no questions in English');
    writeFileSync(join(folder.path, 'ko.jsonl'), row('ko') + row('en'));
    await expect(extract({ task, languages: [] })).rejects.toThrow(
      'mcq has 1 questions in ko: too few for a Dev1',
    );
  });

  it('stops on a signal', async () => {
    const stopped = extractVector(EN, { ...options(), stop: { signal: 'SIGINT' } });
    await expect(stopped).rejects.toMatchObject({ name: 'Interrupted', exitCode: 130 });
  });
});

describe('verifying', () => {
  const run = (vector: SteeringVector, changes = {}) =>
    verifyVector(vector, { backend: EN.backend, ...changes }, options());

  it('finds no difference in what was extracted, whatever the packs', async () => {
    const found = await run(await extract(), { tokenBudget: 1 });
    expect(found.relative).toBeLessThan(1e-5);
  });

  it('finds a number that was changed, and where', async () => {
    const vector = await extract();
    const es = vector.vectors_LD.get('es')!.slice();
    es[2 * D + 5]! += 0.25;
    const changed = makeVector(vector.facts, new Map([...vector.vectors_LD, ['es', es]]));
    const { largest, at, relative } = await run(changed);
    expect(largest).toBeCloseTo(0.25, 5);
    expect(at).toEqual({ language: 'es', layer: 2 });
    expect(relative).toBeCloseTo(0.25 / vector.facts.norms.es!.hidden[2]!, 5);
  });

  it('refuses another model, other questions, and what was not extracted', async () => {
    const vector = await extract();
    const facts = { ...vector.facts, model: { ...vector.facts.model, weights: 'x' } };
    await expect(run({ ...vector, facts })).rejects.toThrow('the weights of the model are no longer those');
    const pairs = { ...vector.facts.pairs, es: { ids: [], sha256: 'x' } };
    await expect(run({ ...vector, facts: { ...vector.facts, pairs } })).rejects.toThrow('the questions');
    const { extraction: _, ...bare } = vector.facts;
    await expect(run({ ...vector, facts: bare })).rejects.toThrow('cannot be extracted again');
  });
});
