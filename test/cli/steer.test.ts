/** `isogloss steer`, and --steer, as a user types them. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { packageRoot } from '../../src/paths.ts';
import { makeVector, rowNorms } from '../../src/steering/identity.ts';
import { readVector, writeVector } from '../../src/steering/vector-file.ts';
import { temporaryFolder } from '../temporary.ts';

const folder = temporaryFolder();

function isogloss(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(packageRoot(), 'scripts/isogloss.mjs'), ...args],
    { encoding: 'utf8', cwd: folder.path, env: { ...process.env, CI: 'true', NO_COLOR: '1' } },
  );
  return { status, stdout, stderr };
}

/** Exit code 2, and an error that begins so. */
function refused(args: string[], message: string): void {
  const { status, stdout, stderr } = isogloss(...args);
  expect(stderr.split('\n').at(-2)).toContain(`error: ${message}`);
  expect([status, stdout]).toEqual([2, '']);
}

const few = ['--languages', 'es,ko', '--dev1', '3', '--dev2', '3'];
beforeAll(() => {
  const { status, stderr } = isogloss(
    'steer',
    'extract',
    'tiny',
    '--kind',
    'en',
    ...few,
    '--out',
    'vectors/en',
  );
  expect(status, stderr).toBe(0);
}, 60_000);

describe('isogloss steer', () => {
  it('extracts a vector, and shows what it was made of and how long it is at each layer', () => {
    expect(readdirSync(join(folder.path, 'vectors'))).toEqual(['en.json', 'en.safetensors']);
    const { status, stdout } = isogloss('steer', 'show', 'vectors/en.json');
    expect(status).toBe(0);
    const lines = stdout.split('\n');
    expect(lines.slice(0, 2)).toEqual([
      'en of tiny: 4 layers of width 128',
      'made of toy, dev1, seed 42; pairs: es 3  ko 3',
    ]);
    expect(lines.filter((line) => /^ *\d +[\d.]+ +[\d.]+ % +[\d.]+ +[\d.]+ %$/.test(line))).toHaveLength(4);
  });

  it('verifies a vector by extracting it again', () => {
    const { status, stdout, stderr } = isogloss('steer', 'verify', 'vectors/en');
    expect(stdout, stderr).toMatch(/^largest difference: [\d.e+-]+/);
    expect(status).toBe(0);
  });

  it('says with exit code 1 that a vector is not what its file says', async () => {
    const { facts, vectors_LD } = await readVector(join(folder.path, 'vectors/en'));
    const es = vectors_LD.get('es')!.slice();
    es[3]! += 0.5;
    const norms = { ...facts.norms, es: { ...facts.norms.es!, vector: rowNorms(es, 128) } };
    const changed = makeVector({ ...facts, norms }, new Map([...vectors_LD, ['es', es]]));
    await writeVector(join(folder.path, 'changed'), changed);
    const { status, stdout } = isogloss('steer', 'verify', 'changed');
    expect(stdout).toMatch(/^largest difference: 5\.00e-1 \(es, layer 0\)/);
    expect(status).toBe(1);
  });

  it('refuses to write over one, and what it cannot read', () => {
    refused(
      ['steer', 'extract', 'tiny', '--kind', 'en', '--out', 'vectors/en'],
      'vectors/en.json: there is a vector already',
    );
    refused(['steer', 'show', 'vectors/eng'], 'vectors/eng.safetensors: there is no such steering vector');
    refused(
      ['steer', 'extract', 'tiny', '--kind', 'loc', '--dev1', '0', '--out', 'x'],
      '--dev1 must be a whole number of at least 1, found 0',
    );
    expect(existsSync(join(folder.path, 'x.json'))).toBe(false);
  });
});

describe('--steer', () => {
  const asked = ['eval', 'tiny', '--languages', 'es', '--limit', '2'];

  it('steers an evaluation, whose folder is named after it', () => {
    const { status, stderr, stdout } = isogloss(
      ...asked,
      '--steer',
      'vectors/en@2*1.5',
      '--steer',
      'vectors/en@0',
    );
    expect(status, stderr).toBe(0);
    expect(stdout).toContain('steered by en at layer 2 x 1.5, en at layer 0 x 1');
    expect(readdirSync(join(folder.path, 'eval'))).toEqual(['tiny-toy-en2x1.5+en0x1']);
  });

  it('steers generation by the vector of a language', () => {
    const prompt = ['generate', 'tiny', 'hola', '--max-new-tokens', '5', '--quiet', '--seed', '0'];
    const steer = ['--steer', 'vectors/en@3*40', '--steer-language'];
    const [plain, es] = [isogloss(...prompt), isogloss(...prompt, ...steer, 'es')];
    expect(es.stderr).toBe('');
    expect(es.stdout).not.toBe(plain.stdout);
    refused([...prompt, ...steer.slice(0, 2)], '--steer-language is needed: the vectors are of es, ko');
    refused([...prompt, ...steer, 'el'], 'the en vector of tiny on toy has nothing of el; it has es, ko');
    refused([...prompt, '--steer-language', 'es'], '--steer-language needs --steer');
  });

  it('explains what is mistyped, out of range or damaged, and writes nothing', () => {
    refused(
      [...asked, '--out', 'no', '--steer', 'vectors/en:2'],
      '--steer vectors/en:2 must be FILE@LAYER*GAMMA',
    );
    refused([...asked, '--out', 'no', '--steer', 'vectors/en@4'], 'there is no layer 4: tiny has 4, 0 to 3');
    isogloss('steer', 'extract', 'tiny', '--kind', 'loc', ...few, '--out', 'cut');
    truncateSync(join(folder.path, 'cut.safetensors'), 900);
    refused([...asked, '--out', 'no', '--steer', 'cut@1'], 'cut.safetensors: tensor "ko" lies at bytes');
    expect(existsSync(join(folder.path, 'no'))).toBe(false);
  });
});
