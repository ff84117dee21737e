import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readInstructions, readParallel } from '../../../src/data/parallel/index.ts';
import { UserError } from '../../../src/errors.ts';
import { folders, jsonl } from './folder-of.ts';

const folder = folders();
const FILES = {
  'long.jsonl': jsonl({ id: 1, lang: 'en', text: 'a "b"' }, { id: 1, lang: 'spa_Latn', text: 'ñ' }),
  'wide.tsv': 'id\ten\tes\n1\t"a ""b"""\tñ\n2\tc\td\n',
  'rows.jsonl': jsonl(
    { id: 1, en: { prompt: 'a', completion: 'b' }, es: { prompt: 'c', completion: 'd' } },
    { id: 2, prompt: { en: 'e', es: 'f' }, completion: { en: 'g', es: 'h' } },
    { id: 3, lang: 'en', prompt: 'i', completion: 'j' },
  ),
  'folder/eng_Latn.dev': 'a\nb\n',
  'folder/spa_Latn.dev': 'ñ\nd\n',
} as const;
type Name = keyof typeof FILES;

/** The bytes with some of them put elsewhere, changed or gone. */
function damage(
  bytes: Buffer,
  edits: readonly (readonly [at: number, byte: number, gone: number])[],
): Buffer {
  let damaged = bytes;
  for (const [at, byte, gone] of edits) {
    const start = at % (damaged.length + 1);
    damaged = Buffer.concat([
      damaged.subarray(0, start),
      Buffer.from([byte]),
      damaged.subarray(start + gone),
    ]);
  }
  return damaged;
}

const byte = fc.oneof(fc.constantFrom(...Buffer.from('"\t\n{}[]:,\\u0')), fc.nat(255));
const edits = fc.array(fc.tuple(fc.nat(1000), byte, fc.nat(6)), { minLength: 1, maxLength: 4 });

describe('a damaged file of parallel data', () => {
  it('is read as what is left of it, or refused with a reason', async () => {
    const names = Object.keys(FILES) as Name[];
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...names), edits, async (name, changes) => {
        const { name: set, cwd } = folder({ ...FILES, [name]: damage(Buffer.from(FILES[name]), changes) });
        const path = `${set}/${name.replace(/^folder\/.*/, 'folder')}`;
        const reading = name === 'rows.jsonl' ? readInstructions(path, { cwd }) : readParallel(path, { cwd });
        const result = await reading.catch((error) => error);
        if (result instanceof Error) {
          expect(result).toBeInstanceOf(UserError);
          expect(result.message).not.toMatch(/undefined|NaN|\[object/);
        } else if ('ids' in result) {
          for (const language of result.languages)
            for (let index = 0; index < result.ids.length; index++)
              expect(result.text(language, index).trim()).not.toBe('');
        } else expect(result.items.length).toBeGreaterThan(0);
      }),
      { numRuns: 300 },
    );
  });
});
