import { describe, expect, it } from 'vitest';
import { createProgress } from '../../src/cli/progress.ts';
import type { RunStart, StepMetrics } from '../../src/trainers/progress.ts';

const RUN: RunStart = {
  name: 'a',
  method: 'mist',
  runDir: 'runs/a',
  startStep: 0,
  totalSteps: 20,
  stepsPerEpoch: 10,
  trainExamples: 1234,
  evalExamples: 0,
  numParameters: 1_000_000,
  backend: 'torch',
  shown: [['loss', 'loss']],
  logEvery: 5,
};

const step = (n: number): StepMetrics => ({
  global_step: n,
  epoch: n / 10,
  num_tokens: n * 100,
  loss: 2.5,
  learning_rate: 5e-5,
  grad_norm: 1.25,
  tokens_per_second: 1234,
  step_seconds: 1,
});

/** What is written while `steps` steps of a second each go by. */
function record(bar: boolean, steps: number, columns = 200): string {
  let text = '';
  let time = 0;
  const screen = { columns, write: (part: string) => (text += part) };
  const progress = createProgress({ screen, bar, memory: () => 4.3e9, now: () => time });
  progress.start(RUN);
  for (let n = 1; n <= steps; n++) {
    time += 1000;
    progress.step(step(n));
  }
  progress.message('careful', 'info');
  return text;
}

describe('progress', () => {
  it('without a terminal is a line for the first step, every log.every steps and the last', () => {
    const lines = record(false, 20).trimEnd().split('\n');
    expect(lines[0]).toBe('mist: 20 steps, 1,234 rows, 1,000,000 parameters');
    const steps = lines.filter((line) => line.startsWith('step '));
    expect(steps.map((line) => line.split('  ')[0])).toEqual([1, 5, 10, 15, 20].map((n) => `step ${n}/20`));
    expect(steps[1]).toBe('step 5/20  loss 2.5000  lr 5.00e-5  grad 1.25  1.2k tok/s  4.3 GB  eta 15 s');
    expect(lines.join('')).not.toContain('\x1b');
  });

  it('on a terminal is a bar on one line, with messages above it', () => {
    const text = record(true, 10);
    const last = text.split('\r\x1b[K').at(-1)!;
    expect(last).toBe(
      'careful\n[==========          ] 10/20  loss 2.5000  lr 5.00e-5  grad 1.25  1.2k tok/s  4.3 GB  eta 10 s',
    );
  });

  it('shows a download as a bar on a terminal, else as eleven lines at most and its end', () => {
    const download = (bar: boolean) => {
      let text = '';
      let time = 0;
      const screen = { columns: 200, write: (part: string) => (text += part) };
      const progress = createProgress({ screen, bar, memory: () => 0, now: () => time });
      for (let done = 0; done <= 1000; done++) {
        progress.downloading({ name: 'a/b', done: done * 1e6, total: 1e9 });
        time += 10;
      }
      return text;
    };
    const lines = download(false).trimEnd().split('\n');
    expect(lines).toHaveLength(11);
    expect(lines[5]).toBe('downloading a/b  500 MB of 1.0 GB  100 MB/s');
    expect(lines.at(-1)).toBe('downloaded a/b: 1.0 GB in 10 s');
    const bars = download(true).split('\r\x1b[K');
    expect(bars).toContain('[==========          ] a/b  500 MB of 1.0 GB  100 MB/s');
    expect(bars.at(-1)).toBe('downloaded a/b: 1.0 GB in 10 s\n');
  });

  it('never draws a bar wider than the terminal', () => {
    const drawn = record(true, 10, 40)
      .split('\r\x1b[K')
      .filter((part) => part.startsWith('['));
    expect(drawn.length).toBe(10);
    for (const line of drawn) expect(line.length).toBeLessThan(40);
  });

  it('of what is counted is a line every five seconds, the first and the last, with what is left', () => {
    let [text, time] = ['', 0];
    const progress = createProgress({
      ...{ screen: { write: (part: string) => (text += part) }, bar: false },
      ...{ memory: () => 0, now: () => time },
    });
    for (let done = 1; done <= 10; done++) {
      progress.counted({ name: 'texts', done, total: 10 });
      time += 2000;
    }
    progress.counted({ name: 'layers', done: 1, total: 1 });
    expect(text.split('\n').slice(0, -1)).toEqual([
      'texts 1 of 10',
      'texts 4 of 10  eta 12 s',
      'texts 7 of 10  eta 6 s',
      'texts 10 of 10',
      'layers 1 of 1',
    ]);
  });

  it('of what is counted is a bar on a terminal, and a line when it is done', () => {
    let [text, time] = ['', 0];
    const progress = createProgress({
      ...{ screen: { write: (part: string) => (text += part), columns: 80 }, bar: true },
      ...{ memory: () => 0, now: () => time },
    });
    progress.counted({ name: 'texts', done: 5, total: 20 });
    time += 1000;
    progress.counted({ name: 'texts', done: 10, total: 20 });
    expect(text.split('\r\x1b[K').at(-1)).toBe('[==========          ] texts 10 of 20  eta 2 s');
    progress.counted({ name: 'texts', done: 20, total: 20 });
    expect(text.endsWith('\r\x1b[K\r\x1b[Ktexts 20 of 20\n')).toBe(true);
  });
});
