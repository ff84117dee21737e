import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { commands } from '../../scripts/readme.mjs';
import { packageRoot } from '../../src/paths.ts';

const read = (file: string) => readFileSync(join(packageRoot(), file), 'utf8');

describe('the README', () => {
  const found = commands(read('README.md'));

  it('names the two commands that do their own set-up', () => {
    expect(found).toContain('npm run lab');
    expect(found).toContain('npm test');
  });

  it('names only npm scripts that exist, and has all of its commands run by .ci/run', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const names = found.map((command) => /^npm (?:run )?([\w-]+)/.exec(command)?.[1]);
    for (const name of names) expect(scripts).toHaveProperty(name!);
    expect(read('.ci/run')).toContain('node scripts/readme.mjs');
  });

  it('has its commands told from its other text', () => {
    const markdown =
      'a\n```sh\nnpm test # all\n# nothing\nnpm run x -- a=1\n```\n```text\nno\n```\n```sh\nlast\n```\n';
    expect(commands(markdown)).toEqual(['npm test', 'npm run x -- a=1', 'last']);
  });

  it('lists every folder of the project that holds sources', () => {
    const readme = read('README.md');
    for (const folder of [
      'recipes',
      'native',
      'src/backend',
      'src/model',
      'src/losses',
      'src/trainers',
      'src/data',
      'src/recipe',
      'src/cli',
      'scripts',
      'data',
      'docs',
      'test',
      'bench',
    ]) {
      expect(readme).toMatch(new RegExp(`^${folder}/ `, 'm'));
    }
  });
});
