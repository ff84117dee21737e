/** `eval`, `score` and `compare` as a user types them; each starts a process of its own. */
import { cp, mkdir, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { METRICS } from '../../src/eval/metric.ts';
import { TASKS } from '../../src/eval/tasks/index.ts';
import { temporaryFolder } from '../temporary.ts';
import { runCli, startCli } from './run-cli.ts';

const folder = temporaryFolder();
const at = (name: string) => join(folder.path, name);
const isogloss = (...args: string[]) => runCli(folder.path, ...args);
const TOY = ['eval', 'tiny', '--languages', 'es,ko', '--limit', '4'];

const ROW = { id: '1', lang: 'es', question: 'q', options: ['a', 'b'], answer: 0 };
const rows = (...some: object[]) => some.map((row) => `${JSON.stringify({ ...ROW, ...row })}\n`).join('');

/** The line of stderr of a command that is refused: exit code 2, nothing else said, and no folder `no`. */
async function refusal(...args: string[]): Promise<string> {
  const { status, stdout, stderr } = await isogloss(...args);
  expect([status, stdout], `${args.join(' ')}: ${stderr}`).toEqual([2, '']);
  expect(await readdir(folder.path)).not.toContain('no');
  return stderr.trimEnd();
}

/** Each command is refused with its message, a few at a time. */
async function refuse(cases: [args: string[], message: string | RegExp][]): Promise<void> {
  for (let i = 0; i < cases.length; i += 3)
    await Promise.all(
      cases.slice(i, i + 3).map(async ([args, message]) => {
        const found = await refusal(...args);
        if (typeof message === 'string') expect(found).toBe(`error: ${message}`);
        else expect(found).toMatch(message);
      }),
    );
}

/** Path of a file of a folder of results, by the beginning of its name. */
async function fileOf(out: string, begin: string): Promise<string> {
  return join(at(out), (await readdir(at(out))).find((name) => name.startsWith(begin))!);
}

/** A copy of `toy` with its Spanish samples changed. */
async function damaged(name: string, change: (text: string) => string): Promise<string> {
  await cp(at('toy'), at(name), { recursive: true });
  const path = await fileOf(name, 'samples_toy_es');
  await writeFile(path, change(await readFile(path, 'utf8')));
  return name;
}

beforeAll(async () => {
  await writeFile(at('ok.jsonl'), rows({}, { id: '2', answer: 'b' }));
  const mcq = ['eval', 'tiny', '--tasks', 'mcq', '--data', 'mcq=ok.jsonl', '--out', 'letters'];
  for (const args of [[...TOY, '--out', 'toy'], [...TOY, '--shots', '1', '--out', 'shot'], mcq]) {
    const { status, stderr } = await isogloss(...args);
    expect(status, stderr).toBe(0);
  }
});

describe('eval refuses, with nothing written,', () => {
  it('names that there are not, with the nearest', async () => {
    const cases: [string[], string | RegExp][] = [
      [['--tasks', 'tooy'], /^error: --tasks tooy: there is no task tooy; .* Did you mean toy\?$/],
      [
        ['--languages', 'spanisch'],
        /^error: --languages spanisch: spanisch is no language's code; .* Did you mean es\?$/,
      ],
      [['--languages', 'sw'], '--languages sw: toy is not in sw; it is in en, es, id, ko, el, zh, ar'],
      [
        ['--metric', 'byts'],
        '--metric byts: metric must be one of sum, tokens, bytes, pmi, found "byts". Did you mean bytes?',
      ],
      [
        ['--scoring', 'leters'],
        '--scoring leters: scoring must be one of letters, text or null, found "leters". Did you mean letters?',
      ],
      [
        ['--prompt', 'papr'],
        '--prompt papr: prompt must be one of paper, lm_eval, question, plain or null, found "papr". Did you mean paper?',
      ],
      [['--tasks', 'toy,toy'], '--tasks toy,toy: the task toy is named twice'],
      [['--languages', 'es,'], '--languages es,: languages.1 must be text, found ""'],
    ];
    await refuse(cases.map(([args, message]) => [['eval', 'tiny', ...args, '--out', 'no'], message]));
  });

  it('numbers that cannot be', async () => {
    const cases: [string[], string | RegExp][] = [
      [['--limit', '0'], '--limit 0: limit must be a whole number above 0 or null, found 0'],
      [['--limit', '-3'], '--limit -3: limit must be a whole number above 0 or null, found -3'],
      [['--limit', 'x'], '--limit x: limit must be a whole number above 0 or null, found "x"'],
      [['--shots', '5'], '5 shots are asked for, and there are 4 solved examples in en'],
    ];
    await refuse(cases.map(([args, message]) => [['eval', 'tiny', ...args, '--out', 'no'], message]));
  });

  it('rows that cannot be asked, with their place', async () => {
    const deep = `${'['.repeat(3000)}${']'.repeat(3000)}`;
    const files: [name: string, content: string, message: string | RegExp, ...args: string[]][] = [
      ['answer.jsonl', rows({ answer: null }), /^error: answer.jsonl:1: the row has no answer: /],
      [
        'letter.jsonl',
        rows({ answer: 'D' }),
        /^error: letter.jsonl:1: answer "D" is not among the options; /,
      ],
      ['twice.jsonl', rows({}, {}), 'twice.jsonl:2: the id "1" is given twice in es: on line 1 and here'],
      ['empty.jsonl', rows({ options: ['a', ''] }), 'empty.jsonl:1: option B is empty'],
      ['equal.jsonl', rows({ options: ['a', 'a '] }), 'equal.jsonl:1: option A and option B are equal: "a "'],
      [
        'alike.jsonl',
        rows({ options: ['a b', 'a\u2581b'] }),
        'alike.jsonl:1: options 1 and 2 of 1 are the same tokens',
      ],
      ['layout.jsonl', '{"prompt": "a", "completion": "b"}\n', 'layout.jsonl:1: the row has no lang'],
      ['cut.jsonl', rows({}) + rows({}).slice(0, 30), /^error: cut.jsonl:2: the line is not valid JSON/],
      ['cut.parquet', 'PAR1 half of a file', /^error: cut.parquet: cannot be read as Parquet/],
      ['none.parquet', '', /^error: none.parquet: cannot be read as Parquet: it has 0 bytes/],
      [
        'long.jsonl',
        rows({ question: 'palabra '.repeat(9000) }),
        /^error: long.jsonl:1: the prompt of 1 takes \d+ tokens, and the model reads 2048$/,
      ],
      [
        'deep.jsonl',
        rows({}).replace('"q"', `"q", "x": ${deep}`),
        'deep.jsonl:1: the row is nested deeper than the 100 levels allowed',
      ],
      ['deep.json', '['.repeat(1e6), /^error: deep.json:1: is cut off/],
      ['huge.jsonl', '', /^error: huge.jsonl:1: the line is longer than \d+ bytes/],
    ];
    for (const [name, content] of files) await writeFile(at(name), content);
    // 300 MB without a line break, none of it on the disk.
    await truncate(at('huge.jsonl'), 300e6);
    await refuse(
      files.map(([name, , message]) => [
        ['eval', 'tiny', '--tasks', 'mcq', '--data', `mcq=${name}`, '--out', 'no'],
        message,
      ]),
    );
  });

  it('a folder that is a file, or holds another evaluation, with the difference', async () => {
    await writeFile(at('file'), '');
    const other = /^error: toy: holds the results of another evaluation, and this one has /;
    await refuse([
      [[...TOY, '--out', 'file'], 'file: must be a folder, found a file'],
      [[...TOY, '--out', 'file/in'], /^error: file\/in: the folder cannot be made: .*file is a file$/],
      [
        [...TOY, '--seed', '7', '--out', 'toy'],
        'toy: holds the results of another evaluation, and this one has tasks.toy.seed: 7, not 42; name another folder',
      ],
      [['eval', 'tiny', '--limit', '4', '--languages', 'es', '--out', 'toy'], other],
    ]);
  });
});

describe('results that are damaged', () => {
  it('are refused by eval, score and compare alike, with file and line', async () => {
    const name = await damaged('half', (text) => text.replace(/\n.*?("doc_id".{40}).*\n/, '\n$1\n'));
    const message = /^error: half\/samples_toy_es_.*\.jsonl:2: the line is no JSON; take it out to have /;
    await refuse([
      [['score', name], message],
      [['compare', 'toy', name], message],
      [[...TOY, '--out', name], message],
    ]);
  });

  it('are refused whatever is in them', async () => {
    const nan = await damaged('nan', (text) => text.replace(/"logprobs":\[[^,]*/, '"logprobs":[NaN'));
    const none = await damaged('none', (text) => text.replace(/"logprobs":\[[^\]]*\]/, '"logprobs":[]'));
    const where = await damaged('where', (text) => text.replaceAll('"language":"es"', '"language":"../x"'));
    const few = await damaged('few', (text) => `${text.split('\n')[0]}\n`);
    const deep = await damaged('deep', (text) => `${'['.repeat(3e6)}\n${text}`);
    const huge = await damaged('huge', () => '');
    await truncate(await fileOf(huge, 'samples_toy_es'), 300e6);
    await refuse([
      [['score', nan], /samples_toy_es_.*:1: the line is no JSON/],
      [['score', none], /samples_toy_es_.*:1: the line has no logprobs that could be read/],
      [['score', where], /samples_toy_es_.*:1: the line is of language "\.\.\/x" in a file of es/],
      [['score', few], /samples_toy_es_.*: has 1 samples, and the evaluation ended with 4; evaluate again/],
      [['score', deep], /samples_toy_es_.*:1: the line is no JSON/],
      [['score', huge], /samples_toy_es_.*: has 0 samples, and the evaluation ended with 4/],
    ]);
  });

  it('are refused where their record is none, or names a task outside of the folder', async () => {
    const record = async (name: string, change: (text: string) => string) => {
      await cp(at('toy'), at(name), { recursive: true });
      const path = join(at(name), 'evaluation.json');
      await writeFile(path, change(await readFile(path, 'utf8')));
    };
    await record('outside', (text) => text.replace('"toy": {', '"../../toy": {'));
    await record('other', () => '{"results": {}}');
    await record('bomb', () => `${'{"a":'.repeat(1e5)}`);
    await record('deep-format', () => `{"format": ${'['.repeat(1e5)}${']'.repeat(1e5)}}`);
    await mkdir(at('bare'));
    await refuse([
      [['score', 'outside'], /^error: outside\/evaluation.json: is damaged: /],
      [['score', 'other'], /^error: other\/evaluation.json: format must be 1/],
      [['score', 'bomb'], /^error: bomb\/evaluation.json: is damaged: /],
      [['score', 'deep-format'], /^error: deep-format\/evaluation.json: format must be 1, found a list;/],
      [['score', 'bare'], /^error: bare: is no folder of results: it has no evaluation.json/],
      [['score', 'nowhere'], 'nowhere: there is no such folder'],
    ]);
  });
});

describe('score and compare', () => {
  it('refuse metrics that the scores do not give', async () => {
    await refuse([
      [
        ['score', 'toy', '--metric', 'tokns'],
        /^error: there is no metric "tokns"; .* Did you mean tokens\?$/,
      ],
      [['score', 'toy', '--metric', 'pmi'], /^error: toy: toy: pmi needs .* evaluate with --metric pmi/],
      [['score', 'letters', '--metric', 'bytes'], 'letters: mcq: letters are compared by sum, not by bytes'],
      [['compare', 'toy', 'shot', '--metric', 'pmi'], /^error: toy: toy: pmi needs /],
    ]);
  });

  it('refuse to compare what is not of the same questions', async () => {
    const { status } = await isogloss('eval', 'tiny', '--languages', 'es', '--limit', '2', '--out', 'two');
    expect(status).toBe(0);
    await refuse([
      [
        ['compare', 'toy', 'two'],
        /^error: only results of the same items can be compared: toy has 8 items, two 2/,
      ],
      [['compare', 'toy', 'letters'], 'toy (toy) and letters (mcq) have no task in common'],
      [['compare', 'toy', './toy'], 'toy and ./toy are the same folder: there is nothing to compare'],
      [['compare', 'toy', 'nowhere'], 'nowhere: there is no such folder'],
    ]);
  });

  it('say in what two evaluations differ', async () => {
    const { status, stdout } = await isogloss('compare', 'toy', 'shot');
    expect(status).toBe(0);
    expect(stdout).toMatch(/^B differs from A in tasks.toy.shots: 1, not 0$/m);
  });

  it('warn of letters that the model does not answer with, and of accuracies that are chance', async () => {
    const { stdout, stderr } = await isogloss('score', 'letters');
    expect(stdout).toMatch(/^letters have under 0\.1 % of the probability$/m);
    expect(stderr).toMatch(/^warning: mcq: the letters have less than 10 % of the probability \(es /m);
    expect(stderr).toMatch(/^warning: mcq: accuracy is within noise of chance: es$/m);
  });

  it('tell ties, and how accuracy depends on them', async () => {
    const ties = await damaged('ties', (text) =>
      text.replace(/"logprobs":\[[^\]]*\]/, '"logprobs":[-1,-1,-2,-3]'),
    );
    const { stdout, stderr } = await isogloss('score', ties);
    expect(stdout).toMatch(/ choice {2}ties {2}shared$/m);
    expect(stdout).toMatch(/^es .* 1 {2} +\d+\.\d$/m);
    expect(stdout).toMatch(/^ties: items of which several options are best; /m);
    expect(stderr).toMatch(/^warning: toy: 1 of 8 items have several options with the largest value: /m);
  });
});

describe('the help of eval', () => {
  it('names all tasks and metrics', async () => {
    const { stdout } = await isogloss('eval', '--help');
    const words = stdout.replace(/\s+/g, ' ');
    expect(words).toContain(`(${TASKS.map(({ name }) => name).join(', ')})`);
    for (const metric of METRICS) expect(words).toContain(metric);
  });
});

describe('an evaluation that is running', () => {
  it('keeps a second one out, and is stopped by Ctrl-C with what is scored kept', async () => {
    const args = ['eval', 'tiny', '--token-budget', '60', '--out', 'running'];
    const first = startCli(folder.path, args);
    while (!(await readdir(at('running')).catch(() => [])).some((name) => name.startsWith('samples_')))
      await new Promise((resolve) => setTimeout(resolve, 20));
    const found = await refusal(...args);
    expect(found).toBe(`error: running: process ${first.process.pid} is at work in this folder`);
    first.process.kill('SIGINT');
    const { status, stdout, stderr } = await first.ended;
    expect([status, stdout]).toEqual([130, '']);
    expect(stderr).toContain('SIGINT: stopping; what is scored is kept\n');
    const told = /stopped by SIGINT after (\d+) of 840 items; the same command goes on from there\n$/.exec(
      stderr,
    );
    expect(Number(told?.[1])).toBeGreaterThan(0);
    expect(await readdir(at('running'))).not.toContain('.lock');

    const again = startCli(folder.path, args, (text) => {
      if (text.includes('are scored already')) again.process.kill('SIGINT');
    });
    expect((await again.ended).stderr).toContain(`${told![1]} of 840 items are scored already\n`);
    await rm(at('running'), { recursive: true });
  });
});
