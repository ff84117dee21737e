/** Draws a run: a bar on a terminal, plain lines elsewhere. */
import { isAbsolute, relative } from 'node:path';
import pc from 'picocolors';
import type {
  EvalMetrics,
  ProgressSink,
  RunStart,
  Saved,
  StepMetrics,
  TrainResult,
} from '../trainers/progress.ts';
import { bytes, count, duration, short } from './format.ts';

/** Where to draw; a part of a writable stream. */
export interface Screen {
  write(text: string): unknown;
  isTTY?: boolean;
  columns?: number;
}

/** What drawing depends on beside the run. */
export interface ProgressOptions {
  screen?: Screen;
  /** Bytes held by tensors at their peak. */
  memory: () => number;
  /** Milliseconds; for tests. */
  now?: () => number;
  /** Whether to draw a bar; by default on a terminal that is not a CI's. */
  bar?: boolean;
}

/** The bar is redrawn at most this often. */
const REDRAW_MS = 100;

/** Draws what is counted, whatever it is. */
export interface Counter {
  /** So many are done; called as often as it likes. The time that is left is reckoned from the first call of a `name`. */
  counted(at: { name: string; done: number; total: number }): void;
}

/** Milliseconds between lines of what is counted, where there is no bar. */
const LINE_MS = 5000;

/** A sink, and a line of one's own. */
export interface Progress extends ProgressSink, Counter {
  /** Draws a line over the one before where there is a terminal; false, and nothing is drawn, elsewhere. */
  status(text: string): boolean;
  /** Takes the line away. */
  clear(): void;
}

/** A sink that writes to the screen. */
export function createProgress(options: ProgressOptions): Progress {
  const { screen = process.stderr, memory, now = Date.now } = options;
  const isBar = options.bar ?? (Boolean(screen.isTTY) && !process.env.CI);
  let run: RunStart | undefined;
  let started = 0;
  let drawn = Number.NEGATIVE_INFINITY;
  let current = '';
  const latest = new Map<string, number>();

  const line = (text: string): void => {
    screen.write(isBar ? `\r\x1b[K${text}\n${current}` : `${text}\n`);
  };
  const draw = (text: string): void => {
    current = text.slice(0, Math.max(20, (screen.columns || 80) - 1));
    screen.write(`\r\x1b[K${current}`);
  };
  const clear = (): void => {
    if (current !== '') screen.write('\r\x1b[K');
    current = '';
  };
  const eta = (step: number): string => {
    const done = step - run!.startStep;
    return duration(((now() - started) / 1000 / Math.max(1, done)) * (run!.totalSteps - step));
  };

  let counting = { name: '', at: 0, done: 0 };

  let downloadBegan: { at: number; done: number } | undefined;
  let downloadShown = 0;

  return {
    downloading({ name, done, total }) {
      downloadBegan ??= { at: now(), done };
      const share = total === 0 ? 1 : done / total;
      const rate = (done - downloadBegan.done) / Math.max(1e-3, (now() - downloadBegan.at) / 1000);
      const figures = `${bytes(done)} of ${bytes(total)}  ${bytes(rate)}/s`;
      if (done === total) {
        clear();
        line(`downloaded ${name}: ${bytes(total)} in ${duration((now() - downloadBegan.at) / 1000)}`);
        downloadBegan = undefined;
      } else if (isBar) {
        if (now() - drawn < REDRAW_MS) return;
        drawn = now();
        draw(`${bar(share, 20)} ${name}  ${figures}`);
      } else if (share >= downloadShown) {
        // Ten lines at most where there is no terminal.
        downloadShown = Math.floor(share * 10 + 1) / 10;
        line(`downloading ${name}  ${figures}`);
      }
    },
    counted({ name, done, total }) {
      if (counting.name !== name) {
        counting = { name, at: now(), done };
        drawn = Number.NEGATIVE_INFINITY;
      }
      if (now() - drawn < (isBar ? REDRAW_MS : LINE_MS) && done < total) return;
      drawn = now();
      const each = (now() - counting.at) / 1000 / Math.max(1, done - counting.done);
      const left = done > counting.done && done < total ? `  eta ${duration(each * (total - done))}` : '';
      const figures = `${name} ${count(done)} of ${count(total)}${left}`;
      if (!isBar) line(figures);
      else if (done < total) draw(`${bar(done / total, 20)} ${figures}`);
      else {
        clear();
        line(figures);
      }
    },
    start(begun) {
      run = begun;
      started = now();
      const from = run.startStep > 0 ? `, from step ${run.startStep}` : '';
      const rows = `${count(run.trainExamples)} rows${run.evalExamples > 0 ? ` + ${count(run.evalExamples)} held out` : ''}`;
      line(`${run.method}: ${run.totalSteps} steps${from}, ${rows}, ${count(run.numParameters)} parameters`);
      line(`${run.backend}; run folder ${fromHere(run.runDir)}`);
    },
    step(metrics) {
      if (!run) return;
      const { global_step: step } = metrics;
      for (const [key] of run.shown) if (metrics[key] !== undefined) latest.set(key, metrics[key]);
      const figures = describeStep(metrics, run.shown, latest, eta(step), memory());
      if (isBar) {
        if (now() - drawn < REDRAW_MS && step < run.totalSteps) return;
        drawn = now();
        draw(`${bar(step / run.totalSteps, 20)} ${step}/${run.totalSteps}  ${figures}`);
      } else if (step % run.logEvery === 0 || step === run.totalSteps || step === run.startStep + 1) {
        line(`step ${step}/${run.totalSteps}  ${figures}`);
      }
    },
    evaluated(metrics: EvalMetrics) {
      line(`eval at step ${metrics.global_step}: ${describeEvaluation(metrics)}`);
    },
    saved({ dir, seconds, bytes: size }: Saved) {
      line(`saved ${fromHere(dir)} (${bytes(size)}, ${seconds.toFixed(1)} s)`);
    },
    status(text) {
      if (!isBar) return false;
      if (now() - drawn < REDRAW_MS) return true;
      drawn = now();
      draw(text);
      return true;
    },
    clear,
    message(text, level = 'info') {
      line(level === 'warning' ? `${pc.yellow('warning:')} ${text}` : text);
    },
    finish(result: TrainResult) {
      clear();
      line(summary(result));
    },
  };
}

/** `latest` holds figures of earlier steps, too: methods that alternate between losses have each in turn. */
function describeStep(
  { learning_rate, grad_norm, tokens_per_second }: StepMetrics,
  shown: RunStart['shown'],
  latest: ReadonlyMap<string, number>,
  eta: string,
  memory: number,
): string {
  return [
    ...shown
      .filter(([key]) => latest.has(key))
      .map(([key, label]) => `${label} ${latest.get(key)!.toFixed(4)}`),
    `lr ${learning_rate.toExponential(2)}`,
    `grad ${grad_norm.toPrecision(3)}`,
    `${short(tokens_per_second)} tok/s`,
    bytes(memory),
    `eta ${eta}`,
  ].join('  ');
}

/** The loss, then what else a method measures; figures by language are in metrics.jsonl. */
function describeEvaluation({ eval_loss, eval_num_tokens, eval_seconds, ...others }: EvalMetrics): string {
  const parts: string[] = [];
  if (eval_loss !== undefined)
    parts.push(`loss ${eval_loss.toFixed(4)} over ${count(eval_num_tokens ?? 0)} held-out tokens`);
  for (const [key, value] of Object.entries(others)) {
    if (key.startsWith('eval_') && !key.includes('/'))
      parts.push(`${key.slice('eval_'.length).replaceAll('_', ' ')} ${value.toFixed(4)}`);
  }
  return parts.join(', ');
}

function bar(share: number, width: number): string {
  const full = Math.round(Math.min(1, share) * width);
  return `[${'='.repeat(full)}${' '.repeat(width - full)}]`;
}

function summary({ steps, seconds, tokensPerSecond, peakBytes, checkpoint, ...result }: TrainResult): string {
  const held =
    result.evalLossBefore !== undefined && result.evalLossAfter !== undefined
      ? `held-out loss ${result.evalLossBefore.toFixed(4)} -> ${result.evalLossAfter.toFixed(4)}`
      : `loss ${result.loss.toFixed(4)}`;
  return [
    `done: ${steps} steps in ${duration(seconds)}, ${held}, ${short(tokensPerSecond)} tok/s, ${bytes(peakBytes)} at most`,
    `model: ${fromHere(checkpoint)}`,
    ...(result.best === undefined ? [] : [describeBest(result.best)]),
  ].join('\n');
}

function describeBest({ metric, step, value, dir, before }: NonNullable<TrainResult['best']>): string {
  const than = before === undefined ? '' : `, ${before.toFixed(4)} before the first step`;
  return `best by ${metric}: ${value.toFixed(4)} at step ${step}${than}: ${fromHere(dir)}`;
}

/** A path as one would type it here: relative if it lies below the working directory. */
export function fromHere(path: string): string {
  const short = relative(process.cwd(), path);
  return short === '' || short.startsWith('..') || isAbsolute(short) ? path : short;
}
