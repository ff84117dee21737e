/**
 * Log-likelihoods of options.
 *
 * Shape letters: B = 1 row, T tokens of a pack, D model, V vocabulary, R rows that are asked, C rows at once.
 */
import * as tf from '../../backend/tfjs.ts';
import { chunk } from '../../data/index.ts';
import { UserError } from '../../errors.ts';
import type { Edit, Gemma3 } from '../../model/index.ts';
import type { OptionScore, ScoredItem } from '../item.ts';
import { type Pack, packGroups, packItems } from './pack.ts';
import type { PreparedItem } from './prepare.ts';

/** How items are scored. */
export interface ScoreOptions {
  /** Tokens of a pass; changes nothing but speed and memory. */
  tokenBudget: number;
  /**
   * Items that have their scores already and are not given again. A pack is computed whole while any of its items is not among
   * them: what is scored together changes the last bits, and an evaluation that goes on must end as if it had not been stopped.
   */
  isDone?: (item: PreparedItem) => boolean;
  /** Changes to hidden states, for a pack of one language whose tokens from each prompt's last on are marked. */
  edits?: (fromPromptEnd_T: Uint8Array, language: string) => readonly Edit[];
}

/** Those of a pack. */
type PackEdits = ((fromPromptEnd_T: Uint8Array) => readonly Edit[]) | undefined;

/** Rows of logits that are there at once: 64 MB for Gemma's vocabulary. */
const ROWS = 64;

/**
 * Scores items, pack by pack, in their order. The caller lets timers have their turn between packs.
 *
 * @throws UserError naming the item if a log-probability is not finite: the weights are broken, or the number type too small
 */
export function* scoreItems(
  model: Gemma3,
  items: readonly PreparedItem[],
  { tokenBudget, edits, isDone = () => false }: ScoreOptions,
): Generator<ScoredItem[]> {
  for (const group of packGroups(items, tokenBudget)) {
    if (group.every(isDone)) continue;
    const { language } = group[0]!.item;
    const own: PackEdits = edits && ((fromPromptEnd_T) => edits(fromPromptEnd_T, language));
    const found = scorePack(model, packItems(group), group, own);
    const alone = group.every((item) => item.alone)
      ? scoreTexts(
          model,
          packItems(group, (item) => item.alone!),
          own,
        )
      : undefined;
    const complete = found.map((scored, i) => ({
      ...scored,
      scores: scored.scores.map((score, option) =>
        alone === undefined ? score : { ...score, unconditional: alone[i]![option]!.logprob },
      ),
    }));
    for (const one of complete) requireFinite(one);
    yield complete.filter((_, i) => !isDone(group[i]!));
  }
}

function requireFinite({ item, scores }: ScoredItem): void {
  const values = scores.flatMap(({ logprob, unconditional }) => [logprob, unconditional ?? 0]);
  const bad = values.find((value) => !Number.isFinite(value));
  if (bad === undefined) return;
  const message = `the model gives ${bad} as a log-probability of item ${item.id} in ${item.language}: its weights are damaged, or training has diverged`;
  throw new UserError({ ...item.place, message });
}

function scorePack(
  model: Gemma3,
  pack: Pack,
  group: readonly PreparedItem[],
  edits: PackEdits,
): ScoredItem[] {
  const common = ({ item, prompt, continuations }: PreparedItem) => ({ item, prompt, continuations });
  if (group[0]!.letters === undefined) {
    const texts = scoreTexts(model, pack, edits);
    return group.map((prepared, i) => ({
      ...common(prepared),
      scores: texts[i]!.map((score, option) => withBytes(score, prepared.continuations[option]!)),
      ...(prepared.areLetters
        ? { letterMass: texts[i]!.reduce((sum, { logprob }) => sum + Math.exp(logprob), 0) }
        : {}),
    }));
  }
  const asked = group.map(({ letters }, i) => ({
    row: pack.scored[i]![0]!.rows[0]!,
    ids: [...letters!.scored, ...letters!.others],
  }));
  const found = letterLogProbs(model, pack, asked, edits);
  return group.map((prepared, i) => {
    const { logprobs, best } = found[i]!;
    const { scored } = prepared.letters!;
    const scores = scored.map((id, option) =>
      withBytes(
        { logprob: logprobs[option]!, tokens: 1, greedy: best === id },
        prepared.continuations[option]!,
      ),
    );
    const distinct = new Map(asked[i]!.ids.map((id, k) => [id, logprobs[k]!]));
    const letterMass = [...distinct.values()].reduce((sum, logprob) => sum + Math.exp(logprob), 0);
    return { ...common(prepared), scores, letterMass };
  });
}

function withBytes(score: Omit<OptionScore, 'bytes'>, continuation: string): OptionScore {
  return { ...score, bytes: Buffer.byteLength(continuation.trimStart()) };
}

/** Sums over the tokens of each sequence of each item of a pack. */
function scoreTexts(model: Gemma3, pack: Pack, edits: PackEdits): Omit<OptionScore, 'bytes'>[][] {
  const rows = pack.scored.flatMap((item) => item.flatMap(({ rows }) => rows));
  const labels = pack.scored.flatMap((item) => item.flatMap(({ labels }) => labels));
  const logprobs = new Float64Array(rows.length);
  const greedy = new Uint8Array(rows.length);
  withLogits(model, pack, rows, edits, (logp_CV, at) => {
    const own = labels.slice(at, at + logp_CV.shape[0]);
    const values = pick(
      logp_CV,
      own.map((label) => [label]),
    );
    const best = tf.argMax(logp_CV, 1).dataSync();
    for (const [i, label] of own.entries()) {
      logprobs[at + i] = values[i]!;
      greedy[at + i] = best[i] === label ? 1 : 0;
    }
  });
  let at = 0;
  return pack.scored.map((item) =>
    item.map(({ labels: own }) => {
      const [start, end] = [at, at + own.length];
      at = end;
      const logprob = logprobs.subarray(start, end).reduce((sum, x) => sum + x, 0);
      return { logprob, tokens: own.length, greedy: greedy.subarray(start, end).every((x) => x === 1) };
    }),
  );
}

/** Log-probs of some tokens at one row each, and the likeliest token there. */
function letterLogProbs(
  model: Gemma3,
  pack: Pack,
  asked: readonly { row: number; ids: readonly number[] }[],
  edits: PackEdits,
): { logprobs: number[]; best: number }[] {
  const found: { logprobs: number[]; best: number }[] = [];
  withLogits(
    model,
    pack,
    asked.map(({ row }) => row),
    edits,
    (logp_CV, at) => {
      const best = tf.argMax(logp_CV, 1).dataSync();
      const some = asked.slice(at, at + logp_CV.shape[0]);
      const width = Math.max(...some.map(({ ids }) => ids.length));
      const picked = pick(
        logp_CV,
        some.map(({ ids }) => Array.from({ length: width }, (_, k) => ids[k] ?? ids[0]!)),
      );
      for (const i of some.keys()) {
        const values = picked.subarray(i * width, (i + 1) * width);
        found.push({ logprobs: [...values.subarray(0, asked[at + i]!.ids.length)], best: best[i]! });
      }
    },
  );
  return found;
}

/** Some columns of each row, row by row: the same number of each. */
function pick(logp_CV: tf.Tensor2D, columns: readonly (readonly number[])[]): Float32Array {
  const [C, V] = logp_CV.shape;
  const places = columns.flatMap((own, i) => own.map((column) => i * V + column));
  // Flattened: TensorFlow.js' wasm backend cannot gather along rows.
  return tf.gather(tf.reshape(logp_CV, [C * V]), tf.tensor1d(places, 'int32')).dataSync() as Float32Array;
}

/** Runs the model over a pack and hands out log softmax of the rows asked for, some at a time. */
function withLogits(
  model: Gemma3,
  pack: Pack,
  rows: readonly number[],
  edits: PackEdits,
  take: (logp_CV: tf.Tensor2D, at: number) => void,
): void {
  tf.tidy(() => {
    const row = (values: Int32Array) => tf.tensor2d(values, [1, values.length], 'int32');
    const { hidden_BTD } = model.forward({
      ...{
        tokens_BT: row(pack.tokens_T),
        positions_BT: row(pack.positions_T),
        segments_BT: row(pack.segments_T),
      },
      parents: pack.parents,
      ...(edits ? { edits: edits(pack.fromPromptEnd_T) } : {}),
    });
    const hidden_TD = tf.reshape(hidden_BTD, [pack.numTokens, -1]) as tf.Tensor2D;
    let at = 0;
    for (const some of chunk(rows, ROWS)) {
      tf.tidy(() => {
        const hidden_CD = tf.gather(hidden_TD, tf.tensor1d(some, 'int32')) as tf.Tensor2D;
        take(tf.logSoftmax(model.logits(hidden_CD), 1) as tf.Tensor2D, at);
      });
      at += some.length;
    }
  });
}
