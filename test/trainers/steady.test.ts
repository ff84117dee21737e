/** What a long run must not do: gather tensors or bytes, or keep the event loop to itself. */
import { beforeAll, describe, expect, it } from 'vitest';
import { type MemoryInfo, memoryInfo } from '../../src/backend/index.ts';
import { train } from '../../src/trainers/run.ts';
import { startTorch } from '../backend/torch.ts';
import { temporaryFolder } from '../temporary.ts';
import { recipe, recorder } from './tiny-run.ts';

const folder = temporaryFolder();
// One thread: faster than two at these sizes, and much faster beside other work.
const SMALL = ['train.batch_size=1', 'checkpoint.every=null', 'backend.name=torch', 'backend.threads=1'];

beforeAll(startTorch);

describe('a long run', () => {
  it.each([
    ['plain', 1000, []],
    ['with activation checkpointing', 200, ['train.activation_checkpointing=true']],
  ] as const)(
    'holds as many tensors and bytes after its steps as when it began: %s',
    async (name, steps, more) => {
      const held: MemoryInfo[] = [];
      const progress = recorder(([event]) => {
        if (event === 'step') held.push(memoryInfo());
      });
      const shape = [
        `out=${name}`,
        `train.max_steps=${steps}`,
        'train.micro_batch_size=1',
        ...SMALL,
        ...more,
      ];
      const outside = memoryInfo();
      await train(recipe(...shape), { cwd: folder.path, progress });
      expect(held).toHaveLength(steps);
      const [first, last] = [held[1]!, held.at(-1)!];
      expect([last.numTensors, last.bytes]).toEqual([first.numTensors, first.bytes]);
      // And nothing is left of the run itself.
      const { numTensors, bytes } = memoryInfo();
      expect([numTensors, bytes]).toEqual([outside.numTensors, outside.bytes]);
    },
  );

  it('lets timers have their turn between micro-batches', async () => {
    let turns = 0;
    const ofStep: number[] = [];
    const timer = setInterval(() => turns++, 0);
    try {
      const progress = recorder(([event]) => {
        if (event === 'step') ofStep.push(turns);
      });
      const shape = ['out=timers', 'train.max_steps=3', 'train.batch_size=12', 'train.micro_batch_size=1'];
      await train(recipe(...shape, 'checkpoint.every=null'), { cwd: folder.path, progress });
    } finally {
      clearInterval(timer);
    }
    // A micro-batch takes a millisecond or more, a timer of 0 is due after one: a turn for nearly each of the twelve.
    for (const [i, count] of ofStep.entries()) if (i > 0) expect(count - ofStep[i - 1]!).toBeGreaterThan(6);
  });
});
