import { describe, expect, it } from 'vitest';
import { breathe, Interrupted, watchSignals } from '../../src/trainers/interrupt.ts';

describe('watchSignals', () => {
  it.each(['SIGINT', 'SIGTERM'] as const)(
    'raises a flag on the first %s and lets the second have its default',
    async (name) => {
      // A listener of our own keeps Node's default from ending the test.
      const keep = (): void => {};
      process.on(name, keep);
      try {
        const before = process.listenerCount(name);
        const heard: string[] = [];
        const stop = watchSignals((signal) => heard.push(signal));
        expect(process.listenerCount(name)).toBe(before + 1);
        expect(stop.signal).toBeUndefined();
        process.kill(process.pid, name);
        while (stop.signal === undefined) await breathe();
        expect(stop.signal).toBe(name);
        expect(heard).toEqual([name]);
        expect(process.listenerCount(name)).toBe(before);
      } finally {
        process.off(name, keep);
      }
    },
  );

  it('stops listening when disposed of', () => {
    const before = ['SIGINT', 'SIGTERM'].map((name) => process.listenerCount(name));
    watchSignals().dispose();
    expect(['SIGINT', 'SIGTERM'].map((name) => process.listenerCount(name))).toEqual(before);
  });
});

describe('Interrupted', () => {
  it("carries the shell's exit codes", () => {
    expect([new Interrupted('SIGINT', 3, 'r').exitCode, new Interrupted('SIGTERM', 3, 'r').exitCode]).toEqual(
      [130, 143],
    );
  });
});
