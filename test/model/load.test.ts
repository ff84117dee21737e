import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as tf from '../../src/backend/tfjs.ts';
import { openSafetensors, writeSafetensorsDirectory } from '../../src/model/files/index.ts';
import {
  createGemma3,
  generate,
  loadGemma3,
  openCarried,
  parseConfig,
  presetConfig,
  saveGemma3,
} from '../../src/model/index.ts';
import { packageRoot } from '../../src/paths.ts';
import { startTorch } from '../backend/torch.ts';

const fixture = join(packageRoot(), 'test/fixtures/parity/270m');
let dir: string;
beforeAll(async () => {
  await startTorch();
  dir = mkdtempSync(join(tmpdir(), 'isogloss-load-'));
});
afterAll(() => rmSync(dir, { recursive: true }));

/** The fixture's weights under another prefix and in another type, and what a multimodal checkpoint has beside them. */
async function checkpoint(prefix: string, dtype: 'F32' | 'BF16' | 'F16'): Promise<string> {
  const path = mkdtempSync(join(dir, 'given-'));
  const file = await openSafetensors(fixture);
  const tensors = [];
  for (const { name, shape, readFloat32 } of file.tensors.values()) {
    const values = await readFloat32();
    // Cut to the upper half of each: exact in bfloat16, and, as weights are small, a pattern of float16, too.
    const bytes =
      dtype === 'F32'
        ? new Uint8Array(values.buffer)
        : new Uint8Array(Uint16Array.from(new Uint32Array(values.buffer), (bits) => bits >>> 16).buffer);
    const own = name.slice('model.'.length);
    tensors.push({ name: prefix + own, dtype, shape, byteLength: bytes.length, pieces: () => [bytes] });
  }
  await file.close();
  await writeSafetensorsDirectory(path, tensors);
  writeFileSync(join(path, 'config.json'), readFileSync(join(fixture, 'config.json')));
  return path;
}

async function contents(path: string): Promise<Map<string, string>> {
  const file = await openSafetensors(path);
  const found = new Map<string, string>();
  for (const [name, { dtype, shape, read }] of file.tensors)
    found.set(name, `${dtype} ${shape} ${Buffer.from(await read()).toString('base64')}`);
  await file.close();
  return found;
}

it('carries the picture part of a multimodal checkpoint along, even if the file is gone by then', async () => {
  const path = mkdtempSync(join(dir, 'pictures-'));
  const text = await openSafetensors(await checkpoint('language_model.model.', 'BF16'));
  const pixels = new Uint8Array(20_000_000).map((_, i) => i % 251);
  const picture = (name: string, bytes: Uint8Array) => ({
    name,
    dtype: 'BF16' as const,
    shape: [bytes.length / 2],
    byteLength: bytes.length,
    pieces: () => [bytes],
  });
  await writeSafetensorsDirectory(path, [
    ...[...text.tensors.values()].map((source) => ({
      ...source,
      dtype: 'BF16' as const,
      pieces: async function* () {
        yield await source.read();
      },
    })),
    picture('vision_tower.vision_model.embeddings.patch_embedding.weight', pixels),
    picture('multi_modal_projector.mm_input_projection_weight', pixels.slice(0, 8)),
  ]);
  await text.close();
  writeFileSync(join(path, 'config.json'), readFileSync(join(fixture, 'config.json')));
  const expected = await contents(path);
  const { model, ...as } = await loadGemma3(path);
  const carried = await openCarried(path);
  rmSync(path, { recursive: true });
  const saved = mkdtempSync(join(dir, 'saved-'));
  await saveGemma3(model, saved, { ...as, carried });
  await carried.close();
  model.dispose();
  expect(await contents(saved)).toEqual(expected);
});

describe('a checkpoint that is loaded and saved', () => {
  it.each(['model.', 'language_model.model.', 'model.language_model.', ''])(
    'has the names and bits it had, prefix "%s"',
    async (prefix) => {
      for (const dtype of ['F32', 'BF16', 'F16'] as const) {
        const given = await checkpoint(prefix, dtype);
        const { model, ...as } = await loadGemma3(given);
        expect(as).toMatchObject({ prefix, dtype });
        const saved = mkdtempSync(join(dir, 'saved-'));
        await saveGemma3(model, saved, as);
        model.dispose();
        expect(readdirSync(saved).sort()).toEqual(['config.json', 'model.safetensors']);
        expect(await contents(saved)).toEqual(await contents(given));
        const {
          dtype: _,
          torch_dtype: __,
          ...config
        } = JSON.parse(readFileSync(join(saved, 'config.json'), 'utf8'));
        expect(JSON.parse(readFileSync(join(given, 'config.json'), 'utf8'))).toMatchObject(config);
      }
    },
  );
});

describe('a checkpoint of 262,208 rows', () => {
  it('has all of them in its softmax, as transformers, and chooses only words', async () => {
    const raw = { ...presetConfig('tiny').raw, vocab_size: 262_208, hidden_size: 8, intermediate_size: 8 };
    const model = createGemma3(parseConfig(raw, 'config.json'), 3);
    const table = model.parameter('embed_tokens.weight');
    const appended = tf.tidy(() => {
      const rows = tf.range(0, 262_208).greaterEqual(262_144).expandDims(1);
      return tf.where(rows, tf.fill([262_208, 8], 50), table);
    });
    table.assign(appended);
    appended.dispose();
    const hidden = tf.ones([2, 8]) as tf.Tensor2D;
    const logits = model.logits(hidden);
    expect(logits.shape).toEqual([2, 262_208]);
    // A tokenizer with a gap: the rows from 300 up to the one token that was added are no words.
    const isWord = (id: number) => id < 300 || id === 262_150;
    const options = { maxNewTokens: 4, stopIds: [], isWord };
    const [ids] = await generate(model, [[2, 262_144, 5]], options);
    const [drawn] = await generate(model, [[2, 7]], { ...options, temperature: 100 });
    for (const id of [...ids!, ...drawn!]) expect(id).toSatisfy(isWord);
    expect(ids).toContain(262_150);
    const [any] = await generate(model, [[2, 262_144, 5]], { maxNewTokens: 1, stopIds: [] });
    expect(any).toEqual([262_144]);
    tf.dispose([hidden, logits]);
    model.dispose();
  });
});
