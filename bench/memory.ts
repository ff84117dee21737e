/** Peak memory of one training step of Gemma 3 270M's shape, 2,048 tokens, beside transformers with torch's AdamW: fp32. */
import { fileURLToPath } from 'node:url';
import { Gradients, memoryInfo, startBackend } from '../src/backend/index.ts';
import * as tf from '../src/backend/tfjs.ts';
import { Gemma3, parameterShapes, presetConfig } from '../src/model/index.ts';
import { planNll } from '../src/trainers/nll.ts';
import { AdamW } from '../src/trainers/optimizers/adamw.ts';
import { Roundings } from '../src/trainers/optimizers/roundings.ts';
import { type Benchmark, compare, Peer, residentMemory } from './harness.ts';
import { randomTensor } from './random-tensor.ts';

/** Rows of the step, all in one micro-batch: 2,048 tokens, each but the first of a row a target. */
const [ROWS, TOKENS] = [4, 512];
const AIM = '<= 0.5';

interface Request extends Record<string, unknown> {
  rows: number;
  tokens: number;
  /** Keep one tensor a block for the backward pass and compute the rest again. */
  checkpointing: boolean;
}

interface Answer {
  /** Resident memory of the process at its highest. */
  resident_bytes: number;
  /** Bytes of live tensors at their highest, by our allocator. */
  tensor_bytes?: number;
  loss: number;
}

/** Ours and theirs, with and without activation checkpointing; the recipe of 270M has it, transformers' default has not. */
const VARIANTS = [
  { name: 'each as it comes', ours: true, theirs: false, aim: AIM },
  { name: 'all activations kept', ours: false, theirs: false, aim: '' },
  { name: 'activations computed again', ours: true, theirs: true, aim: '' },
];

const benchmark: Benchmark & { serve(): Promise<void> } = {
  async run({ root, python }) {
    const script = 'import(process.argv[1]).then((bundle) => bundle.default.serve())';
    const bundle = fileURLToPath(import.meta.url);
    // A process for each: what one step leaves cached would hide what the next one takes.
    const measure = async (command: string, args: string[], checkpointing: boolean) => {
      const peer = new Peer(command, args);
      const answer = await peer.ask<Answer>({ rows: ROWS, tokens: TOKENS, checkpointing });
      peer.close();
      console.log(
        `  ${command === process.execPath ? 'ours' : 'transformers'}, checkpointing ${checkpointing}: ` +
          `${(answer.resident_bytes / 1e9).toFixed(2)} GB, loss ${answer.loss.toFixed(4)}`,
      );
      return answer;
    };
    const [ours, theirs] = [new Map<boolean, Answer>(), new Map<boolean, Answer>()];
    for (const checkpointing of [true, false]) {
      ours.set(checkpointing, await measure(process.execPath, ['-e', script, bundle], checkpointing));
      theirs.set(checkpointing, await measure(python(), [`${root}/bench/peers/memory.py`], checkpointing));
    }
    const results = VARIANTS.flatMap((variant) => {
      const [mine, peer] = [ours.get(variant.ours)!, theirs.get(variant.theirs)!];
      const peerName = `transformers + torch.optim.AdamW${variant.theirs ? ', gradient checkpointing' : ''}`;
      const gigabytes = (bytes: number) => bytes / 1e9;
      const resident = gigabytes(peer.resident_bytes);
      return [
        compare(
          `resident peak, ${variant.name}`,
          'GB',
          gigabytes(mine.resident_bytes),
          resident,
          peerName,
          variant.aim,
        ),
        compare(
          `peak of our tensors, ${variant.name}`,
          'GB',
          gigabytes(mine.tensor_bytes!),
          resident,
          `${peerName}: resident`,
        ),
      ];
    });
    return { results, versions: { transformers: '5.18.0' } };
  },

  async serve() {
    const { createInterface } = await import('node:readline');
    for await (const line of createInterface({ input: process.stdin }))
      console.log(JSON.stringify(await step(JSON.parse(line) as Request)));
  },
};
export default benchmark;

/** One step of the method MIST with AdamW, as the trainer takes it. */
async function step({ rows, tokens, checkpointing }: Request): Promise<Answer> {
  await startBackend({ name: 'torch', compute: 'float32' });
  const config = presetConfig('270m');
  const model = new Gemma3(config, randomParameters(parameterShapes(config)), {
    activationCheckpointing: checkpointing,
  });
  const examples = Array.from({ length: rows }, (_, row) => ({
    ids: Int32Array.from({ length: tokens }, (_, i) => (i * 7919 + row * 104_729) % config.vocabSize),
    target: Uint8Array.from({ length: tokens }, (_, i) => (i === 0 ? 0 : 1)),
    numTargets: tokens - 1,
  }));
  const gradients = new Gradients(model.parameters);
  const rounding = new Roundings(model.parameters, 'stochastic_rounding', 0);
  const optimizer = new AdamW(model.parameters, { betas: [0.9, 0.999], eps: 1e-8, weightDecay: 0 }, rounding);
  const { micros } = planNll(model, examples, rows);
  const loss = gradients.accumulate(() => micros[0]!.loss());
  gradients.globalNorm();
  optimizer.update(gradients, { lr: 1e-5, step: 1, gradientScale: 1 });
  return { resident_bytes: residentMemory().peak, tensor_bytes: memoryInfo().peakBytes, loss };
}

function randomParameters(shapes: ReadonlyMap<string, number[]>): Map<string, tf.Variable> {
  const parameters = new Map<string, tf.Variable>();
  for (const [name, shape] of shapes)
    tf.tidy(() => void parameters.set(name, tf.variable(randomTensor(shape, 0.02))));
  return parameters;
}
