import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { difference, evaluationIdentity, tokenizerIdentity } from '../../../src/eval/results/index.ts';
import { loadTokenizer, TINY_TOKENIZER } from '../../../src/model/tokenizer/index.ts';
import { KEY, TASK } from './fixture.ts';

const withTask = (changes: Partial<typeof TASK>) => ({
  ...KEY,
  tasks: { capitals: { ...TASK, ...changes } },
});

describe('the identity of an evaluation', () => {
  it.each([
    ['weights of the model', { ...KEY, weights: 'sha256:3' }],
    ['tokenizer', { ...KEY, tokenizer: '3' }],
    ['chat template', { ...KEY, chat_template: '3' }],
    ['factor on the embeddings', { ...KEY, embed_scale: 'exact' as const }],
    ['type of the arithmetic', { ...KEY, compute: 'bfloat16' }],
    ['type of the stored weights', { ...KEY, storage: 'bfloat16' }],
    ['steering', { ...KEY, steering: '3' }],
    ['version of the scorer', { ...KEY, scorer_version: 2 }],
    ['tasks', { ...KEY, tasks: { capitals: TASK, rivers: TASK } }],
    ['tasks.capitals.options.variants', withTask({ options: { variants: '5' } })],
    ['tasks.capitals.files of the items', withTask({ sources: ['c'] })],
    ['tasks.capitals.scoring', withTask({ scoring: 'text' })],
    ['tasks.capitals.prompt.space', withTask({ prompt: { style: 'figure6', space: false } })],
    ['tasks.capitals.shots', withTask({ shots: 3 })],
    ['tasks.capitals.seed', withTask({ seed: 2 })],
    ['tasks.capitals.languages', withTask({ languages: ['ko'] })],
    ['tasks.capitals.split', withTask({ split: 'dev1' })],
    ['tasks.capitals.limit', withTask({ limit: 10 })],
  ])('is another with other %s, and the difference is named', (words, other) => {
    expect(evaluationIdentity(other)).not.toBe(evaluationIdentity(KEY));
    const parts = difference(other, KEY);
    expect(parts).toHaveLength(1);
    expect(parts[0]!.startsWith(`${words}: `), parts[0]).toBe(true);
  });

  it('does not see the order of keys, languages and files', () => {
    const { tasks, ...rest } = KEY;
    const turned = {
      tasks: { capitals: { ...TASK, languages: ['sw', 'ko'], sources: [...TASK.sources].reverse() } },
    };
    const same = { ...turned, ...rest };
    expect(tasks).toBeDefined();
    expect(evaluationIdentity(same)).toBe(evaluationIdentity(KEY));
    expect(difference(same, KEY)).toEqual([]);
  });

  it('tells none from the word', () => {
    expect(difference(withTask({ split: 'none' }), KEY)).toEqual(['tasks.capitals.split: "none", not none']);
  });

  it('shows twelve digits of a hash', () => {
    expect(difference({ ...KEY, tokenizer: '3'.repeat(64) }, KEY)).toEqual([
      'tokenizer: "333333333333", not "222222222222"',
    ]);
  });
});

describe('the identity of a tokenizer', () => {
  it('is that of the files which decide ids, not of the template', async () => {
    const tokenizer = await loadTokenizer(fileURLToPath(TINY_TOKENIZER));
    const own = await tokenizerIdentity(tokenizer);
    const files = await tokenizer.files();
    const other = (changes: [string, Uint8Array][]) =>
      tokenizerIdentity({ ...tokenizer, files: async () => new Map([...files, ...changes]) });
    expect(await other([['chat_template.jinja', Buffer.from('x')]])).toBe(own);
    expect(await other([['tokenizer.json', Buffer.from('x')]])).not.toBe(own);
  });
});
