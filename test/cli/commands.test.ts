/** The commands as a user types them; each starts a process of its own. */
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { packageRoot } from '../../src/paths.ts';
import { parseRecipe, recipeJsonSchema } from '../../src/recipe/index.ts';

const cwd = mkdtempSync(join(tmpdir(), 'isogloss-cli-'));

afterAll(() => rmSync(cwd, { recursive: true, force: true }));

function isogloss(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(packageRoot(), 'scripts/isogloss.mjs'), ...args],
    { encoding: 'utf8', cwd, env: { ...process.env, CI: 'true', NO_COLOR: '1' } },
  );
  return { status, stdout, stderr };
}

/** What is refused: exit code 2, these lines, nothing else, nothing written. */
function refused(args: string[], ...lines: (string | RegExp)[]): void {
  const before = readdirSync(cwd);
  const { status, stdout, stderr } = isogloss(...args);
  expect(stdout).toBe('');
  const found = stderr.trimEnd().split('\n');
  expect(found.length, stderr).toBe(lines.length);
  for (const [i, line] of lines.entries()) {
    if (typeof line === 'string') expect(found[i]).toBe(`error: ${line}`);
    else expect(found[i]).toMatch(line);
  }
  expect(status).toBe(2);
  expect(readdirSync(cwd)).toEqual(before);
}

describe('a mistake on the command line', () => {
  it('is one clear error with exit code 2', () => {
    refused(['trian', 'mist'], 'there is no command trian. Did you mean train?');
    refused(['train'], 'train needs more than that; see isogloss train --help');
    refused(['train', 'mist', '--foo'], 'there is no option --foo; see isogloss train --help');
    refused([], 'which command?; see isogloss --help');
    refused(['train', 'mst'], /^error: there is no recipe mst: .* Did you mean mist\?$/);
    refused(['train', 'mist', 'lr=1'], 'override lr=1: unknown key lr. Did you mean train.optimizer.lr?');
  });
});

describe('options of generate', () => {
  it('need their values, once, and a text that begins with a dash stands behind --', () => {
    refused(['generate', 'tiny', 'hi', '--stop', '-x'], /^error: --stop needs a value/);
    refused(['generate', 'tiny', '--stop'], /^error: --stop needs a value/);
    refused(['generate', 'tiny', 'hi', '--seed', '1', '--seed', '2'], '--seed is given more than once');
    refused(['generate', 'tiny', '- one'], /^error: "- one" begins with -/);
    const few = ['--max-new-tokens', '3', '--quiet', '--backend', 'wasm'];
    const dashed = isogloss('generate', 'tiny', ...few, '--', '- one');
    expect([dashed.stderr, dashed.status]).toEqual(['', 0]);
    writeFileSync(join(cwd, 'dash.txt'), '- one\n');
    const lines = isogloss('generate', 'tiny', ...few, '--prompts', 'dash.txt').stdout;
    expect(JSON.parse(lines)).toEqual({ prompt: '- one', completion: dashed.stdout.replace(/\n$/, '') });
  });

  it('read a file of prompts without its byte order mark, and only if it is UTF-8', () => {
    const few = ['generate', 'tiny', '--max-new-tokens', '3', '--quiet', '--backend', 'wasm'];
    writeFileSync(join(cwd, 'plain.txt'), 'one\ntwo\n');
    writeFileSync(join(cwd, 'bom.txt'), '\ufeffone\ntwo\n');
    const [plain, marked] = ['plain.txt', 'bom.txt'].map(
      (file) => isogloss(...few, '--prompts', file).stdout,
    );
    expect(plain).toMatch(/^\{"prompt":"one"/);
    expect(marked).toBe(plain);
    writeFileSync(join(cwd, 'latin.txt'), Buffer.from([0x63, 0x61, 0xf1, 0x61]));
    refused([...few, '--prompts', 'latin.txt'], 'latin.txt: is not valid UTF-8');
  });
});

describe('an evaluation', () => {
  it('is run by a recipe or by options, with fields set on the command line', () => {
    const few = ['limit=2', 'languages=es', 'shots=0', 'backend.name=wasm', 'out=by-recipe'];
    const { status, stdout, stderr } = isogloss('eval', 'recipes/eval/toy.yaml', ...few);
    expect([status, stderr], stderr).toEqual([0, expect.stringMatching(/^toy 2 of 2 items {2}in /)]);
    expect(stdout).toMatch(
      /^toy: answered by option text, .*\n[\s\S]*\nresults: by-recipe\/results_.*\.json\n$/,
    );
    // The same evaluation: its folder is gone on with, and nothing is left to be scored.
    const again = ['eval', 'tiny', '--languages', 'es', '--limit', '2', '--backend', 'wasm'];
    const { stdout: same } = isogloss(...again, '--out', 'by-recipe');
    expect(same).toBe(stdout);
  });

  it('that is asked wrongly is refused with all that is wrong, each in its place', () => {
    writeFileSync(
      join(cwd, 'wrong.yaml'),
      'method: eval\nmodel:\n  path: tiny\ntasks: [tooy]\nlimit: 0\nlanguage: es\n',
    );
    refused(
      ['eval', 'wrong.yaml', 'split=tst', '--shots', 'x'],
      /^error: wrong\.yaml:4:9: there is no task tooy; .* Did you mean toy\?$/,
      'wrong.yaml:5:8: limit must be a whole number above 0 or null, found 0',
      'wrong.yaml:6:1: unknown key language. Did you mean languages?',
      '--shots x: shots must be a whole number of at least 0 and at most 100, found "x"',
      'override split=tst: split must be one of all, dev1, dev2, test, found "tst". Did you mean test?',
    );
    refused(['eval', 'mist.yaml'], /^error: mist\.yaml:\d+:9: is a recipe of training \(mist\)/);
    refused(['train', 'eval/toy'], /^error: eval\/toy:\d+:9: is the recipe of an evaluation/);
    refused(
      ['eval', 'tiny', '--every-checkpoint'],
      'tiny: is no run; every_checkpoint needs the folder of one',
    );
  });

  it('is looked at beforehand by validate', () => {
    const { stdout } = isogloss('validate', 'eval/toy', 'limit=3', 'shots=0');
    expect(stdout).toMatch(/questions +toy: 9 items of 3 questions in en es ko, by text, /);
    expect(stdout).toMatch(/Answer:\[\[ .*\]\] \[\[ /);
  });
});

describe('a path with ~', () => {
  const home = join(cwd, 'home');
  const at = (...args: string[]) =>
    spawnSync(process.execPath, [join(packageRoot(), 'scripts/isogloss.mjs'), ...args], {
      encoding: 'utf8',
      cwd,
      env: { ...process.env, HOME: home, CI: 'true', NO_COLOR: '1' },
    });

  it('is below the home folder: recipe, data, run, and a model by its run', () => {
    mkdirSync(home);
    writeFileSync(join(home, 'rows.jsonl'), '{"prompt": "a", "completion": "b"}\n');
    const recipe = ['method: mist', 'name: home', 'out: ~/run', 'model: {path: tiny}'];
    recipe.push('data: {train: {path: ~/rows.jsonl}}', 'train: {max_steps: 1}', 'backend: {name: wasm}');
    writeFileSync(join(home, 'r.yaml'), recipe.join('\n'));
    expect(at('train', '~/r.yaml').status).toBe(0);
    expect(existsSync(join(home, 'run/run.json'))).toBe(true);
    expect(existsSync(join(cwd, '~'))).toBe(false);
    const few = ['--max-new-tokens', '1', '--quiet', '--backend', 'wasm'];
    writeFileSync(join(home, 'prompts.txt'), 'a\n');
    expect(at('generate', '~/run', '--prompts', '~/prompts.txt', ...few).stdout).toMatch(/^\{"prompt":"a"/);
    expect(at('resume', '~/run', 'train.max_steps=2').status).toBe(0);
  });

  it('of another user is refused', () => {
    refused(['train', 'mist', 'out=~ana/run'], /^error: ~ana\/run: ~ana is the home of another user/);
    refused(
      ['validate', 'mist', 'train[0]=1'],
      'override train[0]=1: a position in a list is written with a dot: train.0',
    );
    refused(['validate', '~ana/r.yaml'], /^error: ~ana\/r\.yaml: ~ana is the home of another user/);
    refused(['train', 'mist', 'model.path=~ana/m'], /home of another user/);
    refused(['train', 'mist', 'data.train.path=~ana/rows.jsonl'], /home of another user/);
  });
});

describe('a mistake in what a recipe names', () => {
  it('is found before anything is written', () => {
    refused(['train', 'mist', 'model.path=nowhere'], /^error: nowhere: there is no such model/);
    refused(['train', 'mist', 'data.train.path=none.jsonl'], /^error: none\.jsonl: there is no such file/);
    writeFileSync(join(cwd, 'empty.jsonl'), '');
    refused(
      ['train', 'mist', 'data.train.path=empty.jsonl'],
      /^error: empty\.jsonl: the data set has no rows/,
    );
    writeFileSync(join(cwd, 'file'), '');
    refused(['train', 'mist', '--out', 'file/run'], /^error: file\/run: .*(not a directory|cannot)/i);
    refused(['resume', 'nowhere'], /^error: nowhere: there is no run in this folder/);
  });
});

describe('validate', () => {
  it('says what a recipe comes to and shows what is trained on', () => {
    const { status, stdout, stderr } = isogloss('validate', 'mist', 'train.max_steps=7');
    expect(stderr).toBe('');
    expect(status).toBe(0);
    expect(stdout).toMatch(/^ {2}model +tiny, 1,\d{3},\d{3} parameters$/m);
    expect(stdout).toMatch(/^ {2}steps +7 of 16 rows$/m);
    expect(stdout).toMatch(
      /^ {4}<bos><start_of_turn>user\\n.*<start_of_turn>model\\n\[\[.+<end_of_turn>\]\]/m,
    );
  });

  it('reports the mistakes of all recipes it is given', () => {
    refused(
      ['validate', 'mist', 'gemma3-270m/mist', 'data.train.path=none.jsonl'],
      /^error: none\.jsonl: there is no such file/,
      /^error: none\.jsonl: there is no such file/,
    );
  });
});

describe('ls, cat and schema', () => {
  it('show the shipped recipes and what may stand in one', () => {
    expect(isogloss('ls').stdout).toMatch(/^mist +Multilingual instruction tuning .*\.$/m);
    expect(isogloss('cat', 'mist').stdout).toBe(
      readFileSync(join(packageRoot(), 'recipes/mist.yaml'), 'utf8'),
    );
    const resolved = isogloss('cat', 'mist', '--resolved', 'seed=7').stdout;
    writeFileSync(join(cwd, 'resolved.yaml'), resolved);
    expect(parseRecipe(join(cwd, 'resolved.yaml'))).toEqual(parseRecipe('mist', ['seed=7']));
    expect(JSON.parse(isogloss('schema').stdout)).toEqual(JSON.parse(JSON.stringify(recipeJsonSchema())));
    expect(isogloss('schema', '--docs').stdout).toMatch(/^# Recipe reference/);
  });
});

describe('env', () => {
  it('names what computes and why', () => {
    const { status, stdout } = isogloss('env', '--json');
    expect(status).toBe(0);
    const facts = JSON.parse(stdout) as Record<string, string>;
    expect(facts.node).toContain(process.version);
    for (const label of ['cpu features', 'addon', 'backend', 'threads', 'compute', 'storage']) {
      expect(facts[label], label).toBeTruthy();
    }
  });
});

describe('train and resume', () => {
  it('run the shipped recipe, draw its curve, and go on where they stopped', () => {
    const first = isogloss(
      'train',
      'mist',
      '--out',
      'run',
      '--chart',
      'train.max_steps=6',
      'eval_every=null',
    );
    expect(first.status, first.stderr).toBe(0);
    expect(first.stderr).toMatch(/^mist: 6 steps, \d+ rows \+ \d+ held out, 1,\d{3},\d{3} parameters$/m);
    expect(first.stderr).toMatch(/^step 6\/6 {2}loss \d+\.\d{4} {2}lr .* tok\/s .* eta 0 s$/m);
    expect(first.stderr).toMatch(/^done: 6 steps in .*, held-out loss \d\.\d{4} -> \d\.\d{4}/m);
    expect(first.stdout).toMatch(/\. training loss {3}O held-out loss\n$/);
    expect(existsSync(join(cwd, 'run/checkpoints/step-000006/model.safetensors'))).toBe(true);
    const resolved = parseRecipe(join(cwd, 'run/recipe.resolved.yaml'));
    expect(resolved.train.maxSteps).toBe(6);
    refused(['train', 'mist', '--out', 'run'], /^error: run: there is a run in this folder already/);
    const numbered = isogloss(
      'train',
      'mist',
      '--out',
      'run',
      '--numbered',
      'train.max_steps=1',
      'eval_every=null',
    );
    expect(numbered.stderr).toMatch(/^model: .*run-2\/checkpoints\/step-000001$/m);
    const second = isogloss('resume', 'run', 'train.max_steps=8');
    expect(second.status, second.stderr).toBe(0);
    expect(second.stderr).toMatch(/^mist: 8 steps, from step 6, /m);
  });
});
