import { cp, mkdir, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import * as tf from '../../src/backend/tfjs.ts';
import { UserError } from '../../src/errors.ts';
import { openCheckpoint } from '../../src/model/checkpoint.ts';
import { writeSafetensorsDirectory } from '../../src/model/files/index.ts';
import { loadTokenizer } from '../../src/model/tokenizer/index.ts';
import { findModel, modelOnDisk } from '../../src/runs/model-source.ts';
import { resumeRun, train } from '../../src/trainers/run.ts';
import { startTorch } from '../backend/torch.ts';
import { writeTinyGguf } from '../model/tiny-gguf.ts';
import { temporaryFolder } from '../temporary.ts';
import { recipe } from '../trainers/tiny-run.ts';

const folder = temporaryFolder();
const ROOT = join(import.meta.dirname, '../..');
const TOKENIZER = join(ROOT, 'data/tiny');

/** A copy of a small model, its weights cut to `share` of their bytes. */
async function model(name: string, share: number): Promise<string> {
  const dir = join(folder.path, name);
  await cp(join(ROOT, 'test/fixtures/parity/270m'), dir, { recursive: true });
  const weights = join(dir, 'model.safetensors');
  await truncate(weights, Math.floor((await stat(weights)).size * share));
  return dir;
}

describe('modelOnDisk', () => {
  it('finds a model without reading its weights', async () => {
    const source = await modelOnDisk(await model('whole', 1), 'whole', TOKENIZER);
    expect(source.config.numHiddenLayers).toBeGreaterThan(0);
    expect(await source.identity()).toMatch(/^sha256:[0-9a-f]{64}$/);
  });

  it('refuses a weight file that is cut short', async () => {
    const dir = await model('short', 0.5);
    await expect(modelOnDisk(dir, 'short', TOKENIZER)).rejects.toThrow(/cut short or damaged/);
  });
});

describe('findModel', () => {
  const find = (path: string) => findModel({ path }, { cwd: folder.path });

  it('names what is nearest when there is no such model, and what a model may be', async () => {
    await mkdir(join(folder.path, 'gemma'));
    await expect(find('gema')).rejects.toThrow(
      'gema: there is no such model; a model is a Hugging Face directory, a .gguf file, the folder of a run, an id of the hub (google/gemma-3-270m), or tiny. Did you mean gemma?',
    );
    await expect(find('nothing-like-it')).rejects.toThrow(/or tiny$/);
  });

  it('says what is wrong with a file that is no model', async () => {
    await writeFile(join(folder.path, 'model.bin'), '');
    await expect(find('model.bin')).rejects.toThrow(/neither a directory nor a \.gguf file/);
    await writeFile(join(folder.path, 'empty.gguf'), '');
    await expect(find('empty.gguf')).rejects.toThrow(/empty\.gguf/);
  });

  it('takes the newest checkpoint of a run, and says when there is none', async () => {
    await train(recipe('out=some-run', 'train.max_steps=3', 'checkpoint.every=1'), { cwd: folder.path });
    const [run, last] = [await find('some-run'), await find('some-run/checkpoints/step-000003')];
    expect(await run.identity()).toBe(await last.identity());
    await mkdir(join(folder.path, 'fresh'));
    await writeFile(join(folder.path, 'fresh/recipe.resolved.yaml'), '');
    await expect(find('fresh')).rejects.toThrow('fresh: the run has no checkpoint yet');
  });
});

describe('what other programs need of a model', () => {
  const companions = [
    'added_tokens.json',
    'additional_chat_templates/tools.jinja',
    'chat_template.json',
    'generation_config.json',
    'preprocessor_config.json',
    'processor_config.json',
    'special_tokens_map.json',
  ];
  const bytesOf = (dir: string) => Promise.all(companions.map((name) => readFile(join(dir, name), 'utf8')));

  /** A checkpoint of the tiny model with the files beside it, each with spaces that no writer would write. */
  async function withCompanions(name: string): Promise<string> {
    const first = recipe(`out=${name}-first`, 'train.max_steps=1', 'checkpoint.every=1');
    const { checkpoint } = await train(first, { cwd: folder.path });
    const dir = join(folder.path, name);
    await cp(checkpoint, dir, { recursive: true });
    await rm(join(dir, 'trainer'), { recursive: true });
    await mkdir(join(dir, 'additional_chat_templates'));
    for (const file of companions)
      await writeFile(join(dir, file), `{"eos_token_id":  1, "of":   "${name}/${file}"}`);
    return dir;
  }

  it('goes into every checkpoint byte for byte, also into those of a resumption', async () => {
    const dir = await withCompanions('multimodal');
    await writeFile(join(dir, 'trainer_state.json'), '{}');
    const run = recipe(
      'model.path=multimodal',
      'out=carried',
      'data.template=plain',
      'train.max_steps=1',
      'checkpoint.every=1',
    );
    const { checkpoint } = await train(run, { cwd: folder.path });
    expect(await bytesOf(checkpoint)).toEqual(await bytesOf(dir));
    expect(await readdir(checkpoint)).not.toContain('trainer_state.json');
    const resumed = await resumeRun('carried', ['train.max_steps=2'], { cwd: folder.path });
    expect(resumed.checkpoint).not.toBe(checkpoint);
    expect(await bytesOf(resumed.checkpoint)).toEqual(await bytesOf(dir));
  });

  it('comes from the model, but for what belongs to a tokenizer that is named by itself', async () => {
    const dir = await withCompanions('with-its-own');
    const { files } = await modelOnDisk(dir, 'with-its-own', TOKENIZER);
    const from = [...files]
      .filter(([, bytes]) => String(bytes).includes('with-its-own'))
      .map(([name]) => name);
    expect(from.sort()).toEqual([
      'generation_config.json',
      'preprocessor_config.json',
      'processor_config.json',
    ]);
  });

  it('is an error when it is there and cannot be read', async () => {
    const dir = await withCompanions('unreadable');
    for (const name of ['processor_config.json', 'generation_config.json']) {
      await rm(join(dir, name));
      await mkdir(join(dir, name));
      await expect(modelOnDisk(dir, 'unreadable')).rejects.toThrow(
        `${join(dir, name)}: cannot be read: EISDIR`,
      );
      await rm(join(dir, name), { recursive: true });
    }
  });

  it('is no adapter: that would not be applied', async () => {
    const dir = await withCompanions('adapted');
    await writeFile(join(dir, 'adapter_config.json'), '{}');
    await expect(modelOnDisk(dir, 'adapted')).rejects.toThrow(/^adapted: holds an adapter/);
    await rm(join(dir, 'config.json'));
    await expect(modelOnDisk(dir, 'adapted')).rejects.toThrow(/^adapted: holds an adapter/);
  });
});

describe('a GGUF file as a model', () => {
  it('gives the logits of a Hugging Face directory with its dequantised tensors, bit for bit', async () => {
    await startTorch();
    const path = join(folder.path, 'tiny.gguf');
    writeTinyGguf(path);
    const { config, file } = await openCheckpoint(path);
    const dir = join(folder.path, 'dequantised');
    await mkdir(dir);
    const tensors = [];
    for (const { name, shape, readFloat32 } of file.tensors.values()) {
      const bytes = new Uint8Array((await readFloat32()).buffer);
      tensors.push({ name, dtype: 'F32' as const, shape, byteLength: bytes.length, pieces: () => [bytes] });
    }
    await writeSafetensorsDirectory(dir, tensors);
    await file.close();
    await writeFile(join(dir, 'config.json'), JSON.stringify(config.raw));
    const sources = [await modelOnDisk(path, 'g'), await modelOnDisk(dir, 'd', TOKENIZER)];
    const text = 'la respuesta es <end_of_turn> 答案是 42';
    expect(sources[0]!.tokenizer.encode(text)).toEqual(sources[1]!.tokenizer.encode(text));
    const logits: Float32Array[] = [];
    for (const source of sources) {
      const { model } = await source.load({});
      logits.push(
        tf.tidy(() => {
          const ids = source.tokenizer.encode(text);
          const { hidden_BTD } = model.forward({ tokens_BT: tf.tensor2d([ids], [1, ids.length], 'int32') });
          return model
            .logits(tf.reshape(hidden_BTD, [ids.length, -1]) as tf.Tensor2D)
            .dataSync() as Float32Array;
        }),
      );
      model.dispose();
    }
    expect(Math.max(...logits[0]!) - Math.min(...logits[0]!)).toBeGreaterThan(1);
    expect(logits[0]).toEqual(logits[1]);
  });

  it('is trained from; checkpoints are Hugging Face directories with all that goes with them', async () => {
    writeTinyGguf(join(folder.path, 'start.gguf'), { template: '{{ bos_token }}{{ messages[0].content }}' });
    const { checkpoint } = await train(
      recipe(
        'model.path=start.gguf',
        'data.template=plain',
        'out=from-gguf',
        'train.max_steps=1',
        'train.optimizer.lr=0',
      ),
      { cwd: folder.path },
    );
    expect((await readdir(checkpoint)).sort()).toEqual([
      'config.json',
      'generation_config.json',
      'model.safetensors',
      'tokenizer.json',
      'tokenizer_config.json',
      'trainer',
    ]);
    const json = async (name: string) => JSON.parse(await readFile(join(checkpoint, name), 'utf8'));
    expect(await json('config.json')).toMatchObject({ model_type: 'gemma3_text', hidden_size: 128 });
    expect(await json('generation_config.json')).toMatchObject({ eos_token_id: [1, 5], bos_token_id: 2 });
    const written = await loadTokenizer(checkpoint);
    expect(written.chatTemplate).toBe('{{ bos_token }}{{ messages[0].content }}');
    const gguf = await openCheckpoint(join(folder.path, 'start.gguf'));
    const saved = await openCheckpoint(checkpoint);
    // Nothing was learnt at a rate of 0: the very values of the GGUF file, under the names of a text-only checkpoint.
    expect([...saved.file.tensors.keys()].sort()).toEqual([...gguf.file.tensors.keys()].sort());
    for (const [name, tensor] of gguf.file.tensors)
      expect(await saved.file.tensors.get(name)!.readFloat32(), name).toEqual(await tensor.readFloat32());
    await gguf.file.close();
    await saved.file.close();
  });
});

describe('a run with a weight file that is cut short', () => {
  it('is refused before anything is written', async () => {
    const dir = await model('damaged', 0.9);
    const before = await readdir(folder.path);
    const wrong = recipe(`model.path=${dir}`, `model.tokenizer=${TOKENIZER}`, 'out=run');
    await expect(train(wrong, { cwd: folder.path })).rejects.toThrow(UserError);
    expect(await readdir(folder.path)).toEqual(before);
  });
});
