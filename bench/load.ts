/** Loading the real Gemma 3 270M from safetensors and from GGUF, beside transformers: seconds and peak memory. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type StorageType, startBackend } from '../src/backend/index.ts';
import { loadGemma3 } from '../src/model/index.ts';
import { type Benchmark, type Context, compare, type Result, residentMemory } from './harness.ts';

interface Answer {
  seconds: number;
  peak_rss_bytes: number;
}

/**
 * Loads of each in turns, of which the best counts: fresh memory can take a second to come by on a virtual machine.
 * transformers takes half a minute for a GGUF file.
 */
const TURNS = { safetensors: 5, gguf: 2 };

const benchmark: Benchmark & { loadOnce(path: string, storage: StorageType): Promise<void> } = {
  /** What a process of our own does: one load, its figures as the last line. */
  async loadOnce(path, storage) {
    await startBackend({ name: 'torch', storage });
    const started = performance.now();
    const { model } = await loadGemma3(path);
    const seconds = (performance.now() - started) / 1000;
    console.log(JSON.stringify({ seconds, peak_rss_bytes: residentMemory().peak } satisfies Answer));
    model.dispose();
  },

  /** `npm run bench load`; the weights are where ISOGLOSS_GEMMA3_270M says, the GGUF file in the folder above. */
  async run({ root, python }: Context): ReturnType<Benchmark['run']> {
    const directory = process.env.ISOGLOSS_GEMMA3_270M ?? join(homedir(), '.cache/gemma3-270m/hf');
    const gguf = join(directory, '../gemma-3-270m-q4_k_m.gguf');
    const results: Result[] = [];
    for (const [kind, path] of [
      ['safetensors', directory],
      ['gguf', gguf],
    ] as const) {
      if (!existsSync(path)) {
        console.log(`skipped: ${path} is not there`);
        continue;
      }
      for (const storage of ['float32', 'bfloat16'] as const) {
        const ours = () =>
          lastLine(process.execPath, ['-e', OURS, fileURLToPath(import.meta.url), path, storage]);
        const peer = () => lastLine(python(), [join(root, 'bench/peers/load.py'), kind, path, storage]);
        const turns = Array.from({ length: TURNS[kind] }, () => [ours(), peer()] as const);
        const best = (side: 0 | 1, key: keyof Answer) => Math.min(...turns.map((turn) => turn[side][key]));
        const name = `${kind === 'gguf' ? 'GGUF (Q4_K_M)' : 'safetensors (bf16)'} to ${storage}`;
        const by = 'transformers 5.18 from_pretrained';
        results.push(
          compare(`${name}: time`, 's', best(0, 'seconds'), best(1, 'seconds'), by),
          compare(
            `${name}: peak memory`,
            'GB',
            best(0, 'peak_rss_bytes') / 1e9,
            best(1, 'peak_rss_bytes') / 1e9,
            by,
            '<= 1',
          ),
        );
      }
    }
    return { results, versions: { transformers: '5.18.0' } };
  },
};
export default benchmark;

const OURS =
  'import(process.argv[1]).then((bundle) => bundle.default.loadOnce(process.argv[2], process.argv[3]))';

function lastLine(command: string, args: string[]): Answer {
  const output = execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  return JSON.parse(output.trim().split('\n').at(-1)!) as Answer;
}
