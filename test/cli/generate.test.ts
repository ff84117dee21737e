/** `isogloss generate` as a user types it. */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packageRoot } from '../../src/paths.ts';
import { writeTinyGguf } from '../model/tiny-gguf.ts';

const cwd = mkdtempSync(join(tmpdir(), 'isogloss-generate-'));
const script = join(packageRoot(), 'scripts/isogloss.mjs');
const env = { ...process.env, CI: 'true', NO_COLOR: '1' };

beforeAll(() => writeTinyGguf(join(cwd, 'tiny.gguf'), { scale: 0.3 }));
afterAll(() => rmSync(cwd, { recursive: true, force: true }));

function generate(args: string[], input = '') {
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, 'generate', ...args], {
    encoding: 'utf8',
    cwd,
    env,
    input,
  });
  return { status, stdout, stderr };
}

const short = ['--max-new-tokens', '12', '--quiet'];

describe('generate', () => {
  it('writes the text to stdout and its figures to stderr', () => {
    const { status, stdout, stderr } = generate(['tiny.gguf', 'hello', '--max-new-tokens', '12']);
    expect(status, stderr).toBe(0);
    expect(stdout).toMatch(/\n$/);
    expect(stderr).toMatch(
      /^\d+ prompt tokens, 12 new in \d+\.\d\d s: \d+\.\d tokens\/s; loaded in \d+\.\d\d s\n$/,
    );
  });

  it('reads the prompt from stdin, with - and without, but for the last newline', () => {
    const expected = generate(['tiny.gguf', 'hello', ...short]);
    expect(expected.stderr).toBe('');
    expect(generate(['tiny.gguf', '-', ...short], 'hello\n').stdout).toBe(expected.stdout);
    expect(generate(['tiny.gguf', ...short], 'hello').stdout).toBe(expected.stdout);
  });

  it('completes a file of prompts, each as if it were alone', () => {
    writeFileSync(join(cwd, 'prompts.txt'), 'hello\nla respuesta es\n答案\n');
    const sampled = [...short, '--temperature', '1', '--top-k', '40', '--seed', '3'];
    const { stdout } = generate(['tiny.gguf', '--prompts', 'prompts.txt', ...sampled]);
    const rows = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(rows.map(({ prompt }) => prompt)).toEqual(['hello', 'la respuesta es', '答案']);
    const one = generate(['tiny.gguf', '--prompts', 'prompts.txt', '--batch-size', '1', ...sampled]);
    expect(one.stdout).toBe(stdout);
    expect(generate(['tiny.gguf', 'hello', ...sampled]).stdout.trimEnd()).toBe(rows[0].completion.trimEnd());
  });

  it('ends before a stop text', () => {
    const { stdout } = generate(['tiny.gguf', 'hello', ...short]);
    const stop = stdout.trimEnd().slice(3, 5);
    const stopped = generate(['tiny.gguf', 'hello', ...short, '--stop', 'never there', '--stop', stop]);
    expect(stopped.stdout.replace(/\n$/, '')).toBe(stdout.slice(0, stdout.indexOf(stop)));
  });

  it('refuses all wrong options at once', () => {
    const { status, stdout, stderr } = generate([
      'tiny.gguf',
      'a',
      '--prompts',
      'b',
      '--max-new-tokens',
      '1.5',
      '--temperature',
      '-1',
      '--top-k',
      'x',
      '--top-p',
      '0',
      '--seed',
      '-1',
      '--threads',
      '0',
      '--system',
      's',
      '--stop',
      '',
    ]);
    expect(status).toBe(2);
    expect(stdout).toBe('');
    expect(stderr.trimEnd().split('\n')).toEqual([
      'error: --max-new-tokens must be a whole number of at least 1, found 1.5',
      'error: --temperature must be a number of at least 0, found -1',
      'error: --top-k must be a whole number of at least 0, found no number',
      'error: --top-p must be a number above 0 and at most 1, found 0',
      'error: --seed must be a whole number of at least 0, found -1',
      'error: --threads must be a whole number of at least 1, found 0',
      'error: --stop must not be empty',
      'error: --system needs --chat',
      'error: give a prompt or --prompts, not both',
    ]);
  });

  it.each<[string, string[], RegExp]>([
    ['no model', ['nowhere', 'a'], /^error: nowhere: there is no such model; a model is a /],
    ['no prompt', ['tiny.gguf', ''], /^error: the prompt is empty$/],
    ['nothing on stdin', ['tiny.gguf'], /^error: the prompt is empty$/],
    ['no file of prompts', ['tiny.gguf', '--prompts', 'none'], /^error: none: there is no such file$/],
    [
      'more than the model reads',
      ['tiny.gguf', 'a', '--max-new-tokens', '2047'],
      /^error: \d prompt tokens and 2,047 new ones are more than the 2,048 that the model reads/,
    ],
    [
      'a prompt without quotes',
      ['tiny.gguf', 'a', 'b'],
      /^error: b is more than generate takes; a text of several words goes in quotes$/,
    ],
  ])('says that there is %s', (_, args, message) => {
    const { status, stderr } = generate(args);
    expect(stderr.trimEnd()).toMatch(message);
    expect(status).toBe(2);
  });

  it('names the line of an empty prompt in a file', () => {
    writeFileSync(join(cwd, 'gap.txt'), 'a\n\nb\n\n');
    const { stderr } = generate(['tiny.gguf', '--prompts', 'gap.txt']);
    expect(stderr).toBe('error: gap.txt:2: the prompt is empty\nerror: gap.txt:4: the prompt is empty\n');
  });

  it('ends at Ctrl-C with what there is, and the exit code that says so', async () => {
    const child = spawn(
      process.execPath,
      [script, 'generate', 'tiny.gguf', 'hello', '--max-new-tokens', '2000'],
      {
        cwd,
        env,
      },
    );
    let stdout = '';
    let stderr = '';
    child.stderr.on('data', (data: Buffer) => (stderr += data.toString()));
    child.stdout.on('data', (data: Buffer) => {
      if (stdout === '') child.kill('SIGINT');
      stdout += data.toString();
    });
    const code = await new Promise((resolve) => child.on('exit', resolve));
    expect(code).toBe(130);
    expect(stdout).toMatch(/\n$/);
    expect(stderr).toMatch(/^\d+ prompt tokens, \d+ new in /);
  });
});
