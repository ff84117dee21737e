/** Our side of a comparison of optimizer steps: a process of its own that takes one at each request. */
import { createInterface } from 'node:readline';
import { type BackendInfo, Gradients, productTimes, startBackend } from '../../src/backend/index.ts';
import type { Gemma3 } from '../../src/model/index.ts';
import { clipFactor } from '../../src/trainers/clip.ts';
import type { StepPlan } from '../../src/trainers/method.ts';
import { AdamW } from '../../src/trainers/optimizers/adamw.ts';
import { Roundings } from '../../src/trainers/optimizers/roundings.ts';
import { ceiling } from './ceiling.ts';
import type { OurStep, Ready } from './turns.ts';

/** What the steps are taken with; the learning rate is constant, the norm of gradients clipped to 1. */
export interface OurSteps {
  model: Gemma3;
  plan(step: number): StepPlan;
}

/** Weights, gradients and moments of both sides; torch's and transformers' constants. */
const SETTINGS = { betas: [0.9, 0.999] as [number, number], eps: 1e-8, weightDecay: 0 };
const MAX_NORM = 1;

/**
 * Answers on stdout what comes on stdin, a line each: the set-up first, then a line for each step.
 * @param begin loads the model and whatever is computed before the first step.
 */
export async function serveSteps<S extends { threads: number; learningRate: number }>(
  begin: (setup: S, backend: BackendInfo) => Promise<OurSteps>,
): Promise<void> {
  const answer = (value: object) => process.stdout.write(`${JSON.stringify(value)}\n`);
  let take: (() => OurStep) | undefined;
  for await (const line of createInterface({ input: process.stdin })) {
    try {
      if (take !== undefined) {
        answer(take());
        continue;
      }
      const setup = JSON.parse(line) as S;
      const { threads } = setup;
      const info = await startBackend({ name: 'torch', compute: 'float32', threads });
      const most = await ceiling();
      take = stepper(await begin(setup, info), setup.learningRate);
      const versions = { libtorch: info.torch ?? '?', matmul: info.matmul, threads: String(info.threads) };
      answer({ versions, ceiling: most } satisfies Ready);
    } catch (error) {
      answer({ error: (error as Error).stack ?? String(error) });
    }
  }
}

/** The next optimizer step at each call, as the trainer's loop takes it. */
function stepper({ model, plan }: OurSteps, lr: number): () => OurStep {
  const gradients = new Gradients(model.parameters);
  const optimizer = new AdamW(
    model.parameters,
    SETTINGS,
    new Roundings(model.parameters, 'stochastic_rounding', 0),
  );
  let done = 0;
  return () => {
    const [started, before] = [performance.now(), productTimes()];
    gradients.zero();
    const { prepare, micros, numTokens, figures } = plan(done);
    prepare?.();
    let loss = 0;
    for (const micro of micros) loss += gradients.accumulate(() => micro.loss());
    const computed = performance.now();
    const gradientScale = clipFactor(gradients.globalNorm(), MAX_NORM);
    optimizer.update(gradients, { lr, step: ++done, gradientScale });
    const [ended, after] = [performance.now(), productTimes()];
    return {
      seconds: (ended - started) / 1000,
      update: (ended - computed) / 1000,
      products: after.seconds - before.seconds,
      flops: after.flops - before.flops,
      tokens: numTokens,
      loss,
      figures: figures?.() ?? {},
    };
  };
}
