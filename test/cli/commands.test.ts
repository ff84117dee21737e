/** The commands as a user types them; each starts a process of its own. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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
