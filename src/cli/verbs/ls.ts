import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CommandModule } from 'yargs';
import { recipesRoot, shippedRecipes } from '../../recipe/index.ts';

/** `isogloss ls` */
export const ls: CommandModule = {
  command: 'ls',
  describe: 'List the recipes that come with isogloss',
  handler() {
    const names = shippedRecipes();
    const width = Math.max(...names.map((name) => name.length));
    for (const name of names) {
      const file = join(recipesRoot(), `${name}.yaml`);
      process.stdout.write(`${name.padEnd(width)}  ${firstSentence(file)}\n`);
    }
  },
};

/** The head comment of a recipe up to its first full stop. */
function firstSentence(file: string): string {
  const lines = readFileSync(file, 'utf8').split('\n');
  const end = lines.findIndex((line) => !/^#\s*\S/.test(line));
  const text = lines
    .slice(0, end)
    .map((line) => line.replace(/^#\s*/, ''))
    .join(' ');
  return /^.*?\.(?= |$)/.exec(text)?.[0] ?? text;
}
