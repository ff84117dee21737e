/** What a user reads who computes without having set up: an installed package that has no addon. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Installed, installPackage, isogloss } from './installed.ts';

const WARNING =
  'torch cannot be had (it has not been built yet): wasm computes, about 50 times slower than torch; ' +
  '`isogloss setup` gets torch';
const RECIPE = `
name: test
method: mist
model: {path: tiny}
data: {train: {path: 'builtin:toy', max_samples: 2}}
train: {batch_size: 1, micro_batch_size: 1, max_steps: 1}
`;

let made: Installed;
let recipe: string;
let run: string;

beforeAll(() => {
  made = installPackage();
  recipe = join(made.home, 'recipe.yaml');
  run = join(made.home, 'run');
  writeFileSync(recipe, RECIPE);
});

afterAll(() => rmSync(made.home, { recursive: true, force: true }));

/** The warnings, and that what else is printed is ours. */
function warnings(...args: string[]): string[] {
  const { status, stdout, stderr } = isogloss(made, args);
  expect(stderr).not.toMatch(/^error/m);
  expect(status).toBe(0);
  expect(stdout + stderr).not.toMatch(/platform|already been set|tensorflow\.js/i);
  return [...stderr.matchAll(/^warning: (.*)$/gm)].map(([, text]) => text!);
}

it('generate says once that wasm computes, how slowly, why, and what mends it', () => {
  expect(warnings('generate', 'tiny', 'hello', '--max-new-tokens', '2')).toEqual([WARNING]);
  expect(warnings('generate', 'tiny', 'hello', '--max-new-tokens', '2', '--backend', 'wasm')).toEqual([]);
});

it('train says so, and resume when it goes on as the run began', () => {
  expect(warnings('train', recipe, '--out', run)).toEqual([WARNING]);
  expect(warnings('resume', run, 'train.max_steps=2')).toEqual([
    'wasm computes, about 50 times slower than torch, as the run began with it; ' +
      '`isogloss setup` gets torch, backend.name=torch takes it',
  ]);
});

it('resume takes nothing along of the torch that a run began with when wasm is asked for', () => {
  const record = join(run, 'run.json');
  const written = JSON.parse(readFileSync(record, 'utf8')) as { backend: object };
  const backend = { ...written.backend, name: 'torch', compute: 'bfloat16', threads: 8, device: 'cuda:0' };
  writeFileSync(record, JSON.stringify({ ...written, backend }));
  expect(warnings('resume', run, 'train.max_steps=3', 'backend.name=wasm')).toEqual([
    'results may differ in the last bits from those of the run left as it was',
  ]);
});

it('env says so', () => {
  expect(JSON.parse(isogloss(made, ['env', '--json']).stdout)).toMatchObject({ warning: WARNING });
});

it('a tfjs-node that is installed and does not load is named', () => {
  const modules = join(made.home, 'node_modules/@tensorflow/tfjs-node');
  mkdirSync(modules, { recursive: true });
  const name = '@tensorflow/tfjs-node';
  writeFileSync(join(modules, 'package.json'), JSON.stringify({ name, main: 'index.js' }));
  writeFileSync(join(modules, 'index.js'), "throw new Error('its library is of another Node');");
  expect(warnings('generate', 'tiny', 'hello', '--max-new-tokens', '2')).toEqual([
    '@tensorflow/tfjs-node does not load: its library is of another Node',
    WARNING,
  ]);
});
