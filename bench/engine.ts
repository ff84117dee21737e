/** The engine against PyTorch eager on the same libtorch, and against wasm (and tfjs-node where it is installed). */
import { fileURLToPath } from 'node:url';
import {
  adamwStep,
  type BackendName,
  Gradients,
  linearCrossEntropy,
  startBackend,
} from '../src/backend/index.ts';
import * as tf from '../src/backend/tfjs.ts';
import { parseConfig } from '../src/model/config.ts';
import { createGemma3 } from '../src/model/index.ts';
import {
  type Benchmark,
  bestSeconds,
  type Context,
  compare,
  Peer,
  type Result,
  resetPeakMemory,
  residentMemory,
} from './harness.ts';

/** A request for one measurement; the same for this engine, other TF.js backends and the peer in Python. */
type Request =
  | { item: 'matmul'; size: number }
  | { item: 'block'; tokens: number; attention?: 'eager' | 'sdpa' }
  | { item: 'cross_entropy'; rows: number; vocabulary: number }
  | { item: 'adamw'; size: number }
  | { item: 'small_ops'; count: number };

interface Answer {
  seconds: number;
  /** Resident memory added by the first run. */
  bytes?: number;
  /** The peer's optimizer as users get it without asking for the fused one. */
  seconds_default?: number;
}

/** Rows of the vocabulary of Gemma 3. */
const VOCABULARY = 262_144;
/** 270M's hidden size. */
const D = 640;
/** Runs after one that is not counted; the peer's script has the same. */
const REPEATS = { matmul: 5, block: 3, cross_entropy: 2, adamw: 5, small_ops: 5 };

async function matmul(size: number): Promise<Answer> {
  const [a, b] = [tf.randomNormal([size, size]), tf.randomNormal([size, size])] as [tf.Tensor2D, tf.Tensor2D];
  const seconds = await bestSeconds(REPEATS.matmul, () => tf.matMul(a, b).dispose());
  tf.dispose([a, b]);
  return { seconds };
}

/** One layer in the shapes of Gemma 3 270M between an embedding and the last norm, forward and backward. */
async function block(tokens: number): Promise<Answer> {
  const config = parseConfig(
    {
      model_type: 'gemma3_text',
      vocab_size: 256,
      hidden_size: D,
      intermediate_size: 2048,
      num_hidden_layers: 1,
      num_attention_heads: 4,
      num_key_value_heads: 1,
      head_dim: 256,
      query_pre_attn_scalar: 256,
      sliding_window: 512,
    },
    'bench',
  );
  const model = createGemma3(config, 1);
  const gradients = new Gradients(model.parameters);
  const ids = Array.from({ length: tokens }, (_, i) => (i * 101) % 256);
  const tokens_BT = tf.tensor2d(ids, [1, tokens], 'int32');
  const seconds = await bestSeconds(REPEATS.block, () => {
    gradients.zero();
    gradients.accumulate(() => tf.sum(model.forward({ tokens_BT }).hidden_BTD));
  });
  tokens_BT.dispose();
  gradients.dispose();
  model.dispose();
  return { seconds };
}

async function crossEntropy(numRows: number, vocabulary: number): Promise<Answer> {
  const hidden_RD = tf.variable(tf.randomNormal([numRows, D]) as tf.Tensor2D);
  const weight_VD = tf.variable(tf.randomNormal([vocabulary, D], 0, 0.02) as tf.Tensor2D);
  const labels_R = tf.tensor1d(
    Array.from({ length: numRows }, (_, i) => (i * 7919) % vocabulary),
    'int32',
  );
  const weights_R = tf.fill([numRows], 1 / numRows) as tf.Tensor1D;
  const gradients = new Gradients(
    new Map<string, tf.Variable>([
      ['hidden', hidden_RD],
      ['weight', weight_VD],
    ]),
  );
  const step = () => {
    gradients.accumulate(() => linearCrossEntropy(hidden_RD, weight_VD, labels_R, weights_R).loss);
  };
  resetPeakMemory();
  const before = residentMemory().now;
  step();
  const bytes = residentMemory().peak - before;
  const seconds = await bestSeconds(REPEATS.cross_entropy, step);
  gradients.dispose();
  tf.dispose([hidden_RD, weight_VD, labels_R, weights_R]);
  return { seconds, bytes };
}

async function adamw(size: number): Promise<Answer> {
  const [parameter, m, v] = [tf.randomNormal([size]), tf.zeros([size]), tf.zeros([size])].map((tensor) =>
    tf.variable(tensor),
  ) as [tf.Variable, tf.Variable, tf.Variable];
  const gradient = tf.randomNormal([size]);
  const hyper = { lr: 1e-5, beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay: 0.01, gradientScale: 1 };
  let step = 0;
  const seconds = await bestSeconds(REPEATS.adamw, () => {
    step++;
    adamwStep(parameter, gradient, { m, v }, { ...hyper, step });
  });
  tf.dispose([parameter, m, v, gradient]);
  return { seconds };
}

async function smallOps(count: number): Promise<Answer> {
  const [x, y] = [tf.randomNormal([4]), tf.randomNormal([4])];
  const seconds = await bestSeconds(REPEATS.small_ops, () => {
    let z = x;
    for (let i = 0; i < count; i++) {
      const next = tf.add(z, y);
      if (z !== x) z.dispose();
      z = next;
    }
    z.dataSync();
    z.dispose();
  });
  tf.dispose([x, y]);
  return { seconds };
}

function measure(request: Request): Promise<Answer> {
  switch (request.item) {
    case 'matmul':
      return matmul(request.size);
    case 'block':
      return block(request.tokens);
    case 'cross_entropy':
      return crossEntropy(request.rows, request.vocabulary);
    case 'adamw':
      return adamw(request.size);
    case 'small_ops':
      return smallOps(request.count);
  }
}

/** How a measurement becomes a line: a rate, so that a larger ratio is better. */
interface Item {
  name: string;
  unit: string;
  request: Request;
  /** From seconds to `unit`. */
  rate(seconds: number): number;
  aim: string;
  /** Measured on TF.js's other backends too. */
  elsewhere: boolean;
}

function items(): Item[] {
  const perSecond = (amount: number) => (seconds: number) => amount / seconds;
  return [
    // first, so that the memory it adds is not hidden in memory that an earlier item left cached
    {
      name: `linear + cross-entropy, 512 rows, V = ${VOCABULARY}`,
      unit: 'rows/s',
      request: { item: 'cross_entropy', rows: 512, vocabulary: VOCABULARY },
      rate: perSecond(512),
      aim: '>= 1.3',
      elsewhere: false,
    },
    ...[256, 512, 1024, 2048].map((size) => ({
      name: `matmul ${size}`,
      unit: 'GFLOP/s',
      request: { item: 'matmul' as const, size },
      rate: perSecond((2 * size ** 3) / 1e9),
      aim: '',
      elsewhere: size <= 1024,
    })),
    ...[512, 2048].map((tokens) => ({
      name: `270M block, forward + backward, ${tokens} tokens`,
      unit: 'tokens/s',
      request: { item: 'block' as const, tokens },
      rate: perSecond(tokens),
      aim: '>= 1.5',
      elsewhere: tokens === 512,
    })),
    {
      name: 'AdamW step on 40M parameters',
      unit: 'M/s',
      request: { item: 'adamw', size: 40_000_000 },
      rate: perSecond(40),
      aim: '',
      elsewhere: false,
    },
    {
      name: '10,000 small additions',
      unit: 'M/s',
      request: { item: 'small_ops', count: 10_000 },
      rate: perSecond(0.01),
      aim: '>= 0.5',
      elsewhere: true,
    },
  ];
}

/** The better of two turns each: ours, peer, ours, peer. */
async function takeTurns(
  ours: () => Promise<Answer>,
  peers: (() => Promise<Answer>)[],
): Promise<{ ours: Answer; peers: Answer[] }> {
  const turns: Answer[][] = [];
  for (let turn = 0; turn < 2; turn++) {
    const answers: Answer[] = [];
    for (const measureOne of [ours, ...peers]) {
      answers.push(await measureOne());
      // OpenMP's threads spin for a while after their work: let them go to sleep before the other side starts
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
    turns.push(answers);
  }
  // memory is that of the first turn: later ones find it cached
  const best = turns[0]!.map((first, i) => {
    const second = turns[1]![i]!;
    return {
      ...first,
      seconds: Math.min(first.seconds, second.seconds),
      seconds_default: Math.min(first.seconds_default ?? Infinity, second.seconds_default ?? Infinity),
    };
  });
  return { ours: best[0]!, peers: best.slice(1) };
}

/** This bundle again in a process of its own, computing on another backend of TF.js. */
function otherBackend(name: BackendName): Peer {
  const script = 'import(process.argv[1]).then((bundle) => bundle.default.serve(process.argv[2]))';
  return new Peer(process.execPath, ['-e', script, fileURLToPath(import.meta.url), name]);
}

async function compareWithPyTorch(
  context: Context,
): Promise<{ results: Result[]; versions: Record<string, string> }> {
  const info = await startBackend({ name: 'torch', compute: 'float32' });
  const peer = new Peer(context.python(), [`${context.root}/bench/peers/engine.py`]);
  const versions = await peer.ask<{ torch: string; transformers: string; threads: number }>({
    item: 'versions',
  });
  const results: Result[] = [];
  for (const item of selected(context.args)) {
    const variants: ('eager' | 'sdpa')[] = item.request.item === 'block' ? ['eager', 'sdpa'] : [];
    const requests: Request[] =
      item.request.item === 'block'
        ? variants.map((attention) => ({ ...(item.request as Request & { item: 'block' }), attention }))
        : [item.request];
    const measured = await takeTurns(
      () => measure(item.request),
      requests.map((request) => () => peer.ask<Answer>({ ...request })),
    );
    for (const [i, answer] of measured.peers.entries()) {
      const peerName = `PyTorch eager${variants[i] ? `, ${variants[i]} attention` : ''}`;
      results.push(
        compare(
          item.name,
          item.unit,
          item.rate(measured.ours.seconds),
          item.rate(answer.seconds),
          peerName,
          item.aim,
        ),
      );
      if (answer.seconds_default !== undefined && Number.isFinite(answer.seconds_default)) {
        results.pop();
        const ours = item.rate(measured.ours.seconds);
        results.push(
          compare(item.name, item.unit, ours, item.rate(answer.seconds), 'torch.optim.AdamW, fused'),
        );
        results.push(
          compare(item.name, item.unit, ours, item.rate(answer.seconds_default), 'torch.optim.AdamW'),
        );
      }
      if (answer.bytes !== undefined && measured.ours.bytes !== undefined) {
        const name = `${item.name}: memory`;
        results.push(compare(name, 'MB', measured.ours.bytes / 1e6, answer.bytes / 1e6, peerName, '<= 0.1'));
      }
    }
    console.log(`  measured: ${item.name}`);
  }
  peer.close();
  return {
    results,
    versions: {
      libtorch: info.torch ?? '?',
      torch: versions.torch,
      transformers: versions.transformers,
      threads: `${info.threads} (peer ${versions.threads})`,
      matmul: info.matmul,
    },
  };
}

async function compareWithBackend(name: BackendName, args: string[], aim: string): Promise<Result[]> {
  const results: Result[] = [];
  const peer = otherBackend(name);
  try {
    for (const item of selected(args).filter((each) => each.elsewhere)) {
      const measured = await takeTurns(
        () => measure(item.request),
        [() => peer.ask<Answer>({ ...item.request })],
      );
      const [ours, theirs] = [item.rate(measured.ours.seconds), item.rate(measured.peers[0]!.seconds)];
      const itemAim = item.request.item === 'block' ? aim : '';
      results.push(compare(item.name, item.unit, ours, theirs, `TF.js ${name}`, itemAim));
    }
  } catch (error) {
    console.log(`  left out: TF.js ${name}: ${(error as Error).message}`);
  } finally {
    peer.close();
  }
  return results;
}

function selected(args: string[]): Item[] {
  const words = args.filter((arg) => !arg.startsWith('--'));
  return items().filter((item) => words.every((word) => item.name.includes(word)));
}

const benchmark: Benchmark & { serve(name: BackendName): Promise<void> } = {
  async run(context) {
    const { results, versions } = await compareWithPyTorch(context);
    results.push(...(await compareWithBackend('wasm', context.args, '')));
    results.push(...(await compareWithBackend('tensorflow', context.args, '>= 2')));
    return { results, versions };
  },

  /** Answers requests on stdin, as peers/engine.py does. */
  async serve(name) {
    const answer = (value: object) => process.stdout.write(`${JSON.stringify(value)}\n`);
    const { createInterface } = await import('node:readline');
    let failure: string | undefined;
    const started = startBackend({ name }).catch((error: Error) => {
      failure = error.message;
    });
    for await (const line of createInterface({ input: process.stdin })) {
      await started;
      if (failure !== undefined) answer({ error: failure });
      else
        answer(
          await measure(JSON.parse(line) as Request).catch((error: Error) => ({ error: error.message })),
        );
    }
  },
};

export default benchmark;
