/** From a recipe's `data` to the encoded rows of a run. */
import { type Dataset, encodeRows, type Row, readSource, splitRows } from '../data/index.ts';
import { type Problem, UserError } from '../errors.ts';
import type { Gemma3Config } from '../model/index.ts';
import { requireIds, type Tokenizer, templateWritesBos } from '../model/tokenizer/index.ts';
import type { MidalignRecipe, MistRecipe } from '../recipe/index.ts';
import type { DataSource } from '../runs/index.ts';
import type { Warn } from './method.ts';

/** A recipe whose `data` are rows, each on its own. */
type RowsRecipe = Pick<MistRecipe | MidalignRecipe, 'data' | 'seed'>;

/** Rows as text, read and checked. */
export interface TrainingRows {
  train: Row[];
  heldOut: Row[];
  /** Files and built-in sets they came from, as `run.json` lists them. */
  sources: DataSource[];
  /** Are there chats to be put into the model's template? */
  hasChats: boolean;
  /** What was passed over in reading, for the user to know. */
  notes: string[];
}

/** Rows as tokens. */
export interface TrainingData {
  train: Dataset;
  heldOut: Dataset | undefined;
}

/**
 * Reads every source of the recipe and splits off what is held out.
 *
 * @throws UserError with the problems of all sources, or if the split leaves one side empty.
 */
export async function readTrainingRows({ data, seed }: RowsRecipe, cwd: string): Promise<TrainingRows> {
  const sources: TrainingRows['sources'] = [];
  const problems: Problem[] = [];
  const notes = new Set<string>();
  const read = async (list: RowsRecipe['data']['train'], use: 'train' | 'eval'): Promise<Row[]> => {
    const rows: Row[] = [];
    for (const { path, turns, replies, maxSamples } of list) {
      const trees = { turns, replies };
      const maxRows = maxSamples ?? undefined;
      const source = await readSource(path, { cwd, seed, trees, maxRows }).catch((error) => {
        if (!(error instanceof UserError)) throw error;
        problems.push(...error.problems);
      });
      if (source === undefined) continue;
      for (const note of source.notes) notes.add(note);
      const used = source.rows.slice(0, maxSamples ?? undefined);
      for (const row of used) rows.push(row);
      sources.push({ path, sha256: source.sha256, rows: used.length, use });
    }
    return rows;
  };
  const rows = await read(data.train, 'train');
  const evalRows = data.eval && (await read(data.eval, 'eval'));
  if (problems.length > 0) throw new UserError(problems);
  const hasChats = data.template === 'chat' && rows.some(({ kind }) => kind !== 'text');
  const found = { sources, hasChats, notes: [...notes] };
  if (evalRows !== null) return { train: rows, heldOut: evalRows, ...found };
  const { train, heldOut } = splitRows(rows, data.evalFraction);
  if (train.length === 0) {
    throw new UserError(
      `data.eval_fraction ${data.evalFraction} holds out all ${rows.length} rows; none is left to train on`,
    );
  }
  if (heldOut.length === 0 && data.evalFraction > 0) {
    throw new UserError(
      `data.eval_fraction ${data.evalFraction} holds out none of ${rows.length} rows; raise it, or set it to 0`,
    );
  }
  return { train, heldOut, ...found };
}

/**
 * Encodes the rows and says what was left out or cut.
 *
 * @throws UserError if nothing is left to train on (or to measure, where held-out rows are asked for), or the tokenizer
 *   makes ids that the model has no embedding for.
 */
export function encodeTrainingData(
  rows: TrainingRows,
  { data }: RowsRecipe,
  tokenizer: Tokenizer,
  config: Gemma3Config,
  warn: Warn,
): TrainingData {
  for (const note of rows.notes) warn(note);
  const encode = (list: Row[], what: string): Dataset => {
    const dataset = encodeRows(list, tokenizer, data);
    report(dataset, list.length, what, data, warn);
    for (const { ids } of dataset.examples) requireIds(ids, config.vocabSize, tokenizer);
    warnOfLength(dataset, what, config.maxPositionEmbeddings, warn);
    return dataset;
  };
  if (rows.hasChats && !templateWritesBos(tokenizer))
    warn(
      `the chat template writes no ${tokenizer.names.bos}; every row begins with one all the same, as Gemma needs it`,
    );
  return {
    train: encode(rows.train, 'training'),
    heldOut: rows.heldOut.length === 0 ? undefined : encode(rows.heldOut, 'held-out'),
  };
}

/** Both results, or the problems of both. @throws UserError if either has any */
export async function bothProblems<A, B>(a: Promise<A>, b: Promise<B>): Promise<[A, B]> {
  const [first, second] = await Promise.allSettled([a, b]);
  if (first.status === 'fulfilled' && second.status === 'fulfilled') return [first.value, second.value];
  const errors = [first, second].flatMap((one) => (one.status === 'rejected' ? [one.reason as unknown] : []));
  const other = errors.find((error) => !(error instanceof UserError));
  throw other ?? new UserError(errors.flatMap((error) => (error as UserError).problems));
}

/** Rows, tokens and targets of a data set in a line. */
export function describeDataset({ examples, numTokens, numTargets }: Dataset): string {
  const count = (n: number) => n.toLocaleString('en-US');
  return `${count(examples.length)} rows, ${count(numTokens)} tokens, ${count(numTargets)} of them trained on`;
}

function report(
  { examples, dropped, truncated, spelled }: Dataset,
  rows: number,
  what: string,
  { maxSeqLen, textSpecialTokens }: RowsRecipe['data'],
  warn: Warn,
): void {
  const limit = `data.max_seq_len (${maxSeqLen} tokens)`;
  if (examples.length === 0) {
    throw new UserError(
      `none of the ${rows} ${what} rows can be used: the prompt of each is longer than ${limit}`,
    );
  }
  if (dropped > 0)
    warn(`${dropped} of ${rows} ${what} rows are left out: their prompt alone is longer than ${limit}`);
  if (truncated > 0) warn(`${truncated} of ${rows} ${what} rows lose the end of their response to ${limit}`);
  if (spelled.text > 0) {
    const [are, other] = textSpecialTokens === 'tokens' ? ['become tokens', 'text'] : ['stay text', 'tokens'];
    warn(
      `${spelled.text} of ${rows} ${what} rows are texts that spell special tokens, which ${are}; ` +
        `data.text_special_tokens=${other} changes that`,
    );
  }
  if (spelled.messages > 0)
    warn(
      `${spelled.messages} of ${rows} ${what} rows spell special tokens in their messages, which stay text`,
    );
}

/** Positions past those that a model was made for work, and mean little: generation refuses them, training may go on. */
function warnOfLength({ examples }: Dataset, what: string, positions: number, warn: Warn): void {
  const long = examples.filter(({ ids }) => ids.length > positions);
  if (long.length === 0) return;
  const longest = long.reduce((most, { ids }) => Math.max(most, ids.length), 0);
  warn(
    `${long.length} of ${examples.length} ${what} rows are longer than the ${positions} tokens that the model reads ` +
      `(max_position_embeddings), up to ${longest}; data.max_seq_len=${positions} cuts them`,
  );
}
