/** Our steering vectors in the files of other tools, opened by what opens those; and theirs, opened by us. */
import { execFileSync, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import seedrandom from 'seedrandom';
import { beforeAll, describe, expect, it } from 'vitest';
import { findPeerPython } from '../../bench/peer-python.ts';
import { ggufControlVector, importGguf, importLmEval, lmEvalFile } from '../../src/steering/export/index.ts';
import { madeVector } from '../steering/made.ts';
import { temporaryFolder } from '../temporary.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const python = findPeerPython(ROOT);
const has = (modules: string) =>
  python !== undefined && spawnSync(python, ['-c', `import ${modules}`]).status === 0;
const skipped = (is: boolean, what: string) =>
  is ? '' : ` (skipped: no Python with ${what}; set ISOGLOSS_PEER_PYTHON)`;

const folder = temporaryFolder();
const [LAYERS, WIDTH] = [3, 32];
const random = seedrandom('steering files');
const vector = madeVector(
  { es: Array.from({ length: LAYERS * WIDTH }, () => random() * 2 - 1) },
  { layers: LAYERS, width: WIDTH },
);
const rowOf = (layer: number) => [
  ...vector.vectors_LD.get('es')!.subarray(layer * WIDTH, (layer + 1) * WIDTH),
];
const target = { model: vector.facts.model, tokenizer: 't', versions: {} };

function ask(kind: string, path: string, out: string): Record<string, unknown> {
  const output = execFileSync(python!, [join(ROOT, 'test/parity/steering_files.py'), kind, path, out], {
    encoding: 'utf8',
    env: { ...process.env, HF_HUB_OFFLINE: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return JSON.parse(output.trim().split('\n').at(-1)!) as Record<string, unknown>;
}

const hasGguf = has('gguf');
describe.skipIf(!hasGguf)(
  `a control vector, seen by the gguf package${skipped(hasGguf, 'gguf 0.19')}`,
  () => {
    let seen: Record<string, unknown>;
    let theirs: string;

    beforeAll(() => {
      const ours = join(folder.path, 'ours.gguf');
      theirs = join(folder.path, 'theirs.gguf');
      writeFileSync(ours, ggufControlVector(vector, { language: 'es' }));
      seen = ask('gguf', ours, theirs);
    }, 120_000);

    it('has the names, types and shapes that llama.cpp wants, and the very numbers', () => {
      expect(seen.tensors).toEqual(
        [1, 2].map((layer) => [`direction.${layer}`, 'F32', [WIDTH], 'float32', rowOf(layer)]),
      );
    });

    it('has the metadata of repeng', () => {
      expect(seen.fields).toMatchObject({
        'general.architecture': 'controlvector',
        'controlvector.model_hint': 'gemma3',
        'controlvector.layer_count': 2,
      });
      expect(seen.layer_count_type).toEqual(['UINT32']);
    });

    it("comes back from the package's own writer bit for bit", async () => {
      const found = await importGguf(theirs, target);
      expect([...found.vectors_LD.get('*')!.subarray(WIDTH)]).toEqual([...rowOf(1), ...rowOf(2)]);
    });
  },
);

const hasLmEval = has('lm_eval, torch, transformers');
const why = skipped(hasLmEval, 'lm_eval 0.4.13, torch and transformers');
describe.skipIf(!hasLmEval)(`a steering file, seen by lm-evaluation-harness${why}`, () => {
  let seen: Record<string, unknown>;
  let theirs: string;

  beforeAll(() => {
    const ours = join(folder.path, 'ours.pt');
    theirs = join(folder.path, 'theirs.pt');
    writeFileSync(ours, lmEvalFile(vector, { language: 'es', layer: 1, gamma: 0.7 }));
    seen = ask('lm-eval', ours, theirs);
  }, 300_000);

  it('is loaded by torch, tensors only, with the very numbers', () => {
    expect(seen).toMatchObject({ hookpoints: ['layers.1'], dtype: 'torch.float32' });
    expect(seen.entry).toEqual({
      steering_vector: rowOf(1),
      steering_coefficient: 0.7,
      action: 'add',
      bias: null,
      head_index: null,
    });
  });

  it('steers the block that it names in a Gemma 3 of transformers, as a hook by hand does', () => {
    expect(seen).toMatchObject({ unsteered_below: true, steered_above: true, as_by_hand: true });
  });

  it('of torch.save is read, whatever type its numbers have', async () => {
    const found = await importLmEval(theirs, target);
    expect([...found.vectors_LD.get('*')!.subarray(WIDTH, 2 * WIDTH)]).toEqual(rowOf(1));
    expect([...found.vectors_LD.get('*')!.subarray(0, 4)]).toEqual([1, -2, 0.5, 0]);
    expect(found.facts.derived).toMatchObject({ gammas: { 0: 1, 1: 0.7 } });
  });
});
