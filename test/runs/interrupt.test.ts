import { afterEach, describe, expect, it, vi } from 'vitest';
import { breathe, ECHO_MS, Interrupted, stopMessage, watchSignals } from '../../src/runs/interrupt.ts';

const SIGNALS = ['SIGHUP', 'SIGINT', 'SIGTERM'] as const;

afterEach(() => void vi.useRealTimers());

describe('watchSignals', () => {
  it.each(SIGNALS)('raises a flag on the first %s, and takes a second at once for its echo', async (name) => {
    const heard: string[] = [];
    const stop = watchSignals((signal) => heard.push(signal));
    try {
      expect(stop.signal).toBeUndefined();
      process.kill(process.pid, name);
      while (stop.signal === undefined) await breathe();
      process.kill(process.pid, name);
      for (let i = 0; i < 10; i++) await breathe();
      expect(stop.signal).toBe(name);
      expect(heard).toEqual([name]);
    } finally {
      stop.dispose();
    }
  });

  it('lets a signal after the echoes have its default', () => {
    vi.useFakeTimers();
    const before = SIGNALS.map((name) => process.listenerCount(name));
    watchSignals();
    process.emit('SIGINT');
    vi.advanceTimersByTime(ECHO_MS - 1);
    expect(SIGNALS.map((name) => process.listenerCount(name))).toEqual(before.map((n) => n + 1));
    vi.advanceTimersByTime(1);
    expect(SIGNALS.map((name) => process.listenerCount(name))).toEqual(before);
  });

  it('stops listening when disposed of', () => {
    const before = SIGNALS.map((name) => process.listenerCount(name));
    watchSignals().dispose();
    expect(SIGNALS.map((name) => process.listenerCount(name))).toEqual(before);
  });
});

describe('stopMessage', () => {
  it.each([
    [120, 100, 'SIGINT: saving step 120; a second Ctrl-C ends at once and loses the 20 steps since step 100'],
    [1, 0, 'SIGINT: saving step 1; a second Ctrl-C ends at once and loses the step since the start'],
    [100, 100, 'SIGINT: stopping; step 100 is saved'],
    [0, 0, 'SIGINT: stopping before a step is done; there is nothing to save'],
  ])('says at step %i, saved at %i, what a second press costs', (step, saved, text) => {
    expect(stopMessage('SIGINT', { step, saved })).toBe(text);
  });
});

describe('Interrupted', () => {
  it("carries the shell's exit codes", () => {
    expect(SIGNALS.map((name) => new Interrupted(name, 3, 'r').exitCode)).toEqual([129, 130, 143]);
  });
});
