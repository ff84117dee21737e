/** Parallel instructions for a benchmark: of real translations where they are there, else of the text made here. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import {
  ENGLISH,
  encodeInstructions,
  type Instruction,
  type InstructionExample,
  type InstructionOptions,
  readInstructions,
  readParallel,
  SEQUENCES,
} from '../../src/data/parallel/index.ts';
import { loadTokenizer } from '../../src/model/tokenizer/index.ts';
import { TOKENIZER } from './model.ts';

const LANGUAGES = ['es', 'id', 'ko', 'el', 'zh', 'ar'];
const SENTENCES = '../shared/data/ntrex';
/** Sentences of a news story that are the prompt, and those after it that are the reply: about as long as OpenAssistant's. */
const [PROMPT, REPLY] = [1, 4];

/** A sequence of a pair as JSON: ids, and how many of them are the prompt's. */
interface PlainSequence {
  ids: number[];
  prompt: number;
}

/** A pair as JSON. */
export type PlainPair = Record<(typeof SEQUENCES)[number], PlainSequence> & { id: string; lang: string };

/** `count` pairs, each with the next of six languages. @throws Error if real text is there, but too little of it */
export async function readPairs(
  root: string,
  count: number,
  options: InstructionOptions,
): Promise<{ examples: InstructionExample[]; source: string }> {
  const real = resolve(root, SENTENCES);
  const items = existsSync(real) ? await stories(real, root, count) : await toy(root, count);
  const { examples } = encodeInstructions(items, await loadTokenizer(join(root, TOKENIZER)), options);
  if (examples.length < count) throw new Error(`${examples.length} pairs are not ${count}`);
  return { examples, source: existsSync(real) ? 'NTREX, a sentence and the four after it' : 'builtin:toy' };
}

async function stories(path: string, cwd: string, count: number): Promise<Instruction[]> {
  const set = await readParallel(path, { cwd, languages: [ENGLISH, ...LANGUAGES] });
  const length = PROMPT + REPLY;
  const text = (language: string, from: number, to: number) =>
    Array.from({ length: to - from }, (_, i) => set.text(language, from + i)).join(' ');
  return Array.from({ length: Math.min(count, Math.floor(set.ids.length / length)) }, (_, i) => {
    const [first, lang] = [i * length, LANGUAGES[i % LANGUAGES.length]!];
    const both = (language: string) =>
      [text(language, first, first + PROMPT), text(language, first + PROMPT, first + length)] as const;
    const [[xEn, yEn], [xXx, yXx]] = [both(ENGLISH), both(lang)];
    return {
      ...{ id: String(i), lang, xEn, yEn, xXx, yXx },
      ...{ placeEn: set.place(ENGLISH, first), placeXx: set.place(lang, first) },
    };
  });
}

async function toy(cwd: string, count: number): Promise<Instruction[]> {
  const { items } = await readInstructions('builtin:toy', { cwd, languages: LANGUAGES });
  return Array.from({ length: count }, (_, i) => items[i % items.length]!);
}

/**
 * Without what the chat template puts after the end of the reply: it is no target, and nothing after it is.
 * @throws Error if the reply has tokens that are no targets: a peer is told where it begins, and no more
 */
export function plainPair(pair: InstructionExample): PlainPair {
  const sequences = SEQUENCES.map((key) => {
    const { ids, target, numTargets } = pair[key];
    const prompt = target.indexOf(1);
    const end = target.lastIndexOf(1) + 1;
    if (end - prompt !== numTargets)
      throw new Error(`a reply of pair ${pair.id} has tokens that are none of its targets`);
    return [key, { ids: [...ids.subarray(0, end)], prompt }] as const;
  });
  const { id, lang } = pair;
  return { id, lang, ...(Object.fromEntries(sequences) as Pick<PlainPair, (typeof SEQUENCES)[number]>) };
}

/** The pair that `plainPair` was given, without that. */
export function toExample(pair: PlainPair): InstructionExample {
  const sequence = ({ ids, prompt }: PlainSequence) => ({
    ids: Int32Array.from(ids),
    target: Uint8Array.from(ids, (_, i) => (i >= prompt ? 1 : 0)),
    numTargets: ids.length - prompt,
  });
  const { id, lang, enEn, enXx, xxXx, xxEn } = pair;
  return {
    ...{ id, lang, enEn: sequence(enEn), enXx: sequence(enXx) },
    ...{ xxXx: sequence(xxXx), xxEn: sequence(xxEn) },
  };
}
