import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { type ExportArgs, exportVector, type ImportArgs, importVector } from '../../src/cli/steer-files.ts';
import { UserError } from '../../src/errors.ts';
import { presetConfig } from '../../src/model/index.ts';
import type { SteeringVector } from '../../src/steering/vector.ts';
import { readVector, writeVector } from '../../src/steering/vector-file.ts';
import { madeVector } from '../steering/made.ts';
import { temporaryFolder } from '../temporary.ts';

const folder = temporaryFolder();
const at = (name: string) => join(folder.path, name);
const { numHiddenLayers: layers, hiddenSize: width } = presetConfig('tiny');
const numbers = (seed: number) => Array.from({ length: layers * width }, (_, i) => Math.sin(i * 0.7 + seed));
let vector: SteeringVector;
let printed = '';
let noted = '';

beforeAll(async () => {
  vector = madeVector({ es: numbers(1), ko: numbers(2) }, { layers, width, facts: { kind: 'loc' } });
  await writeVector(at('loc'), vector);
});

beforeEach(() => {
  [printed, noted] = ['', ''];
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed += text;
    return true;
  });
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    noted += text;
    return true;
  });
});

afterEach(() => vi.restoreAllMocks());

const exporting = (args: Partial<ExportArgs> & { out: string }) =>
  exportVector({ file: at('loc'), gamma: 1, gammaInFile: false, ...args, out: at(args.out) });
const importing = (args: Partial<ImportArgs> & { file: string; out: string }) =>
  importVector({ model: 'tiny', ...args, file: at(args.file), out: at(args.out) });

/** Refused with this message, and no file of that name. */
async function refused(work: Promise<void>, message: RegExp, out: string): Promise<void> {
  const error = await work.catch((thrown) => thrown);
  expect(error).toBeInstanceOf(UserError);
  expect((error as UserError).message).toMatch(message);
  expect(existsSync(at(out))).toBe(false);
  expect(printed).toBe('');
}

describe('steer export', () => {
  it('writes a control vector, and the line that llama.cpp uses it with', async () => {
    await exporting({ language: 'es', layer: 2, gamma: 0.5, out: 'es.gguf' });
    expect(printed).toBe(
      `${at('es.gguf')}\nllama-cli -m MODEL.gguf --control-vector-scaled ${at('es.gguf')}:0.5 --control-vector-layer-range 2 2\n`,
    );
    expect(noted).toMatch(/^note: llama.cpp steers every token, those of the prompt, too; here .*\n/);
  });

  it('puts gamma into the numbers where that is asked for, and 1 into the line', async () => {
    await exporting({ language: 'es', layer: 2, gamma: 0.5, gammaInFile: true, out: 'half.gguf' });
    expect(printed).toContain('half.gguf:1 ');
    await importing({ file: 'half.gguf', out: 'half' });
    const row = (of: SteeringVector) => of.vectors_LD.get('es')!.slice(2 * width, 3 * width);
    expect(row(await readVector(at('half')))).toEqual(row(vector).map((value) => value / 2));
  });

  it('writes a file of lm-eval, and the line that it is used with', async () => {
    await exporting({ language: 'ko', layer: 0, gamma: 2, out: 'ko.pt' });
    expect(printed).toBe(
      `${at('ko.pt')}\nlm_eval --model steered --model_args pretrained=MODEL,steer_path=${at('ko.pt')} --tasks TASKS\n`,
    );
    expect(noted).toContain('as layers.0; for a Gemma 3 with images (4B and larger) add --hookpoint');
  });

  it('leaves block 0 out where no block is named, and says so', async () => {
    await exporting({ language: 'es', out: 'all.gguf' });
    expect(noted).toMatch(/block 0 is left out: llama.cpp refuses direction.0; .* LAYER of 1 to 3/);
  });

  it('is refused before anything is written', async () => {
    await refused(exporting({ out: 'x.gguf' }), /has es, ko: a file holds one of them/, 'x.gguf');
    await refused(exporting({ language: 'zh', out: 'x.gguf' }), /nothing of zh/, 'x.gguf');
    await refused(exporting({ language: 'es', layer: 0, out: 'x.gguf' }), /cannot hold block 0/, 'x.gguf');
    await refused(exporting({ language: 'es', gamma: Number.NaN, out: 'x.gguf' }), /gamma must be/, 'x.gguf');
    await refused(exporting({ language: 'es', out: 'x.pt' }), /--layer is needed/, 'x.pt');
    await refused(
      exporting({ language: 'es', out: 'x.bin' }),
      /--format is needed, gguf or lm-eval/,
      'x.bin',
    );
    const elsewhere = { language: 'es', layer: 1, format: 'lm-eval' as const, out: 'x.gguf' };
    await refused(exporting(elsewhere), /steering files that end in .pt/, 'x.gguf');
    await refused(exporting({ file: at('none'), out: 'x.gguf' }), /no such steering vector/, 'x.gguf');
  });

  it('writes over nothing', async () => {
    await writeFile(at('mine.gguf'), 'mine');
    await expect(exporting({ language: 'es', out: 'mine.gguf' })).rejects.toThrow('there is a file already');
    expect(await readFile(at('mine.gguf'), 'utf8')).toBe('mine');
  });
});

describe('steer import', () => {
  it('makes a vector of the model that is named, of the numbers in the file', async () => {
    await exporting({ language: 'es', out: 'back.gguf' });
    printed = '';
    await importing({ file: 'back.gguf', out: 'back' });
    expect(printed).toBe(`${at('back.safetensors')}: es, 3 of 4 blocks (1 2 3)\n`);
    const found = await readVector(at('back'));
    expect(found.vectors_LD.get('es')!.slice(width)).toEqual(vector.vectors_LD.get('es')!.slice(width));
    expect(found.facts.model).toMatchObject({ name: 'tiny', num_hidden_layers: layers, hidden_size: width });
    expect(found.facts.model.weights).toMatch(/^[0-9a-f]{64}$/);
    expect(found.facts.tokenizer).toMatch(/^[0-9a-f]{64}$/);
  });

  it('tells the coefficients of a file of lm-eval', async () => {
    await exporting({ language: 'ko', layer: 3, gamma: 0.7, out: 'seven.pt' });
    printed = '';
    await importing({ file: 'seven.pt', language: 'ko', out: 'seven' });
    expect(printed).toContain(`block 3 has the coefficient 0.7: --steer ${at('seven')}@3*0.7`);
    const row = (await readVector(at('seven'))).vectors_LD.get('ko')!.slice(3 * width);
    expect(row).toEqual(vector.vectors_LD.get('ko')!.slice(3 * width));
  });

  it('is refused before anything is written', async () => {
    await exporting({ language: 'es', out: 'sound.gguf' });
    printed = '';
    const bytes = await readFile(at('sound.gguf'));
    await writeFile(at('cut.gguf'), bytes.subarray(0, bytes.length / 2));
    await refused(importing({ file: 'cut.gguf', out: 'y' }), /cut short/, 'y.json');
    await refused(importing({ file: 'none.gguf', out: 'y' }), /there is no such file/, 'y.json');
    await refused(importing({ file: 'loc.json', out: 'y' }), /--format is needed/, 'y.json');
    await refused(importing({ file: 'sound.gguf', language: 'a/b', out: 'y' }), /a language is es/, 'y.json');
    await expect(importing({ file: 'sound.gguf', out: 'loc' })).rejects.toThrow('there is a vector already');
  });
});
