/** `isogloss plane` as a user types it. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openEvaluation, taskName } from '../../src/eval/results/index.ts';
import { packageRoot } from '../../src/paths.ts';
import { answered } from '../eval/made.ts';
import { figuresOf, KEY, TASK } from '../eval/results/fixture.ts';

const cwd = mkdtempSync(join(tmpdir(), 'isogloss-plane-cli-'));
afterAll(() => rmSync(cwd, { recursive: true, force: true }));

function isogloss(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(packageRoot(), 'scripts/isogloss.mjs'), 'plane', ...args],
    { encoding: 'utf8', cwd, env: { ...process.env, CI: 'true', NO_COLOR: '1' } },
  );
  return { status, stdout, stderr };
}

/** What is refused: exit code 2, these lines, nothing written. */
function refused(args: string[], ...lines: RegExp[]): void {
  const before = readdirSync(cwd);
  const { status, stdout, stderr } = isogloss(...args);
  expect(stdout).toBe('');
  const found = stderr.trimEnd().split('\n');
  expect(found.length, stderr).toBe(lines.length);
  for (const [i, line] of lines.entries()) expect(found[i]).toMatch(line);
  expect(status).toBe(2);
  expect(readdirSync(cwd)).toEqual(before);
}

/** Writes results on gmmlu and blend, right where a mark is 1. */
async function results(dir: string, weights: string, universal: string, cultural: string): Promise<void> {
  const tasks = { gmmlu: universal, blend: cultural };
  const asked = Object.keys(tasks).map((task) => [task, { ...TASK, languages: ['es'] }]);
  const key = { ...KEY, weights, tasks: Object.fromEntries(asked) };
  const open = await openEvaluation({
    ...{ dir: join(cwd, dir), shown: dir, key, time: new Date(0) },
    figuresOf,
  });
  for (const [task, marks] of Object.entries(tasks)) {
    const items = [...marks].map((mark, i) => answered(mark === '1', { id: `q${i}` }));
    await open.append(items.map((scored, docId) => ({ task, docId, scored })));
  }
  const counts = Object.entries(tasks).map(([task, { length }]) => [
    taskName(task, 'es'),
    { original: length, effective: length },
  ]);
  await open.finish(async () => JSON.stringify({ 'n-samples': Object.fromEntries(counts) }));
  await open.close();
}

beforeAll(async () => {
  await results('base', 'w0', '1100', '1110');
  await results('clo', 'w1', '1110', '1000');
  await results('less', 'w2', '111', '1000');
  writeFileSync(
    join(cwd, 'a.csv'),
    'bench,model,steering,es,ko\nGMMLU,UNALIGNED,none,60,50\nGMMLU,CLO,none,63,52\nBLEND,UNALIGNED,none,40,45\nBLEND,CLO,none,38,44\n',
  );
});

describe('a plane of folders', () => {
  it('is printed as a table and drawn with letters', () => {
    const { status, stdout, stderr } = isogloss('UNALIGNED=base', 'CLO=clo');
    expect(status, stderr).toBe(0);
    expect(stdout).toMatch(/^transfer: gmmlu; localization: blend$/m);
    expect(stdout).toMatch(/^o UNALIGNED +50\.00 +0 +- +75\.00 +0 +- +\d+ %$/m);
    expect(stdout).toMatch(/^A CLO +75\.00 +\+25\.00 +0\.00 \.\. \+75\.00 +25\.00 +-50\.00/m);
    expect(stdout).toMatch(/^ *25\.00 \|A/m);
    expect(stderr).toMatch(/^warning: UNALIGNED, gmmlu: accuracy is within noise of chance: es$/m);
  });

  it('is written as a page, tables and a figure', () => {
    const given = ['UNALIGNED=base', 'CLO=clo'];
    for (const out of ['p.html', 'p.md', 'p.csv', 'p.png'])
      expect(isogloss(...given, '--out', out).stdout).toMatch(new RegExp(`^written: ${out}$`, 'm'));
    const html = readFileSync(join(cwd, 'p.html'), 'utf8');
    expect(html).toContain("default-src 'none'");
    expect(html.match(/<svg /g)).toHaveLength(3);
    expect(/<script|https?:\/\/(?!www\.w3\.org)/.exec(html)).toBeNull();
    const ids = [...html.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(readFileSync(join(cwd, 'p.md'), 'utf8')).toContain('| CLO | 75.00 | +25.00');
    const [head, mean] = readFileSync(join(cwd, 'p.csv'), 'utf8')
      .split('\n')
      .map((line) => line.split(','));
    expect(mean![head!.indexOf('transfer')]).toBe('25');
    expect(mean![head!.indexOf('localization')]).toBe('-50');
    isogloss(...given, '--out', 't.csv', '--table', '3');
    expect(readFileSync(join(cwd, 't.csv'), 'utf8')).toContain('blend,CLO,none,25.00,25.00');
  });
});

describe('a plane of a table', () => {
  it('needs no folder', () => {
    const { status, stdout, stderr } = isogloss('a.csv');
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^A CLO +57\.50 +\+2\.50 +41\.00 +-1\.50$/m);
  });
});

describe('a plane that cannot be', () => {
  it('is refused before anything is written', () => {
    refused(
      ['UNALIGNED=base', 'less', '--out', 'x.svg'],
      /only results of the same items can be compared: base .* 4 items, less .* 3/,
      /1 of es are in base/,
    );
    refused(
      ['UNALIGNED=base', 'clo', '--out', 'x.jpg'],
      /--out x\.jpg must end in \.vl\.json, \.svg, \.png, \.html, \.csv, \.md/,
    );
    refused(
      ['UNALIGNED=base', 'clo', '--out', 'base/evaluation.json/x.svg'],
      /base\/evaluation\.json\/x\.svg/,
    );
    refused(
      ['UNALIGNED=base', 'clo', '--table', '1'],
      /--table 1 is written into a file: --out FILE\.csv or FILE\.md/,
    );
    refused(
      ['UNALIGNED=base', 'clo', '--metric', 'byte'],
      /there is no metric "byte".* Did you mean bytes\?/,
    );
    refused(
      ['a.csv', 'base', '--transfer', 'ca'],
      /a\.csv is a table of accuracies, which stands alone/,
      /--transfer ca needs questions/,
    );
    refused(
      ['a.csv', '--figure', 'transfer'],
      /--figure transfer is written into a file: --out FILE\.vl\.json, FILE\.svg/,
    );
    refused(['none.csv'], /none\.csv: there is no such file/);
    refused(['clo'], /which model is UNALIGNED\?/);
    refused([], /plane needs more than that/);
  });
});
