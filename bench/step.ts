/** One training step in the shape of Gemma 3 270M, by where its time goes: share in matrix products, their speed, memory. */
import {
  type BackendOptions,
  Gradients,
  memoryInfo,
  productTimes,
  resetPeakMemory,
  startBackend,
} from '../src/backend/index.ts';
import { createGemma3, presetConfig } from '../src/model/index.ts';
import { mistMethod } from '../src/trainers/mist.ts';
import { AdamW } from '../src/trainers/optimizers/adamw.ts';
import { Roundings } from '../src/trainers/optimizers/roundings.ts';
import { type Benchmark, compare, type Result, residentMemory } from './harness.ts';
import { ceiling, SQUARE } from './steps/ceiling.ts';

const ROWS = 4;
const TOKENS = 512;
/** Share of a row's tokens that are of the reply, as in the OpenAssistant rows of train-270m. */
const TARGETS = 0.65;
const STEPS = 2;

async function measure(name: string, options: BackendOptions): Promise<Result[]> {
  const info = await startBackend({ name: 'torch', ...options });
  const most = await ceiling();
  const model = createGemma3(presetConfig('270m'), 1);
  const gradients = new Gradients(model.parameters);
  const rounding = new Roundings(model.parameters, 'stochastic_rounding', 0);
  const settings = { betas: [0.9, 0.999] as [number, number], eps: 1e-8, weightDecay: 0 };
  const optimizer = new AdamW(model.parameters, settings, rounding);
  const examples = Array.from({ length: ROWS }, (_, row) => {
    const ids = Int32Array.from({ length: TOKENS }, (_, i) => 300 + ((i * 7919 + row * 104_729) % 200_000));
    const target = Uint8Array.from(ids, (_, i) => (i >= (1 - TARGETS) * TOKENS ? 1 : 0));
    return { ids, target, numTargets: target.reduce((sum, x) => sum + x, 0) };
  });
  const method = mistMethod(model, examples, [], { seed: 0, batchSize: ROWS, microBatchSize: ROWS });
  const best = { seconds: Infinity, products: Infinity, flops: 0, tokens: 0 };
  resetPeakMemory();
  for (let step = 0; step <= STEPS; step++) {
    const [started, before] = [performance.now(), productTimes()];
    gradients.zero();
    const plan = method.plan(step);
    for (const micro of plan.micros) gradients.accumulate(() => micro.loss());
    const gradientScale = 1 / gradients.globalNorm();
    optimizer.update(gradients, { lr: 1e-5, step: step + 1, gradientScale });
    const seconds = (performance.now() - started) / 1000;
    const after = productTimes();
    // the first step warms up
    if (step > 0 && seconds < best.seconds) {
      best.seconds = seconds;
      best.products = after.seconds - before.seconds;
      best.flops = after.flops - before.flops;
      best.tokens = plan.numTokens;
    }
  }
  const peak = memoryInfo().peakBytes;
  gradients.dispose();
  for (const tensor of optimizer.state.values()) tensor.dispose();
  model.dispose();
  const type = `${name}, products in ${info.compute} by ${info.matmul}`;
  const share = 1 - best.products / best.seconds;
  const speed = best.flops / best.products / 1e9;
  return [
    compare(
      `${type}: seconds outside of products`,
      's',
      share * best.seconds,
      best.seconds,
      'the step',
      '<= 0.2',
    ),
    compare(`${type}: speed of products`, 'GFLOP/s', speed, most, `a square product of ${SQUARE}`, '>= 0.8'),
    compare(`${type}: tokens/s`, 'tokens/s', best.tokens / best.seconds, Number.NaN, ''),
    compare(`${type}: peak of tensors`, 'GB', peak / 1e9, residentMemory().peak / 1e9, 'resident memory'),
  ];
}

const VARIANTS: Record<string, BackendOptions> = {
  fp32: { compute: 'float32' },
  'fp32, bf16 products': { compute: 'bfloat16' },
  'stored as bf16': { storage: 'bfloat16' },
};

const benchmark: Benchmark = {
  /** @param args names of the variants to run; all by default */
  async run({ args }) {
    const results: Result[] = [];
    for (const [name, options] of Object.entries(VARIANTS))
      if (args.length === 0 || args.includes(name)) results.push(...(await measure(name, options)));
    return { results, versions: {} };
  },
};

export default benchmark;
