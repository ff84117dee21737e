/**
 * Log-likelihoods of options.
 *
 * Shape letters: B = 1 row, T tokens of a pack, D model.
 */
import * as tf from '../../backend/tfjs.ts';
import { UserError } from '../../errors.ts';
import type { Edit, Gemma3 } from '../../model/index.ts';
import type { OptionScore, ScoredItem } from '../item.ts';
import { type Pack, packGroups, packItems } from './pack.ts';
import type { PreparedItem } from './prepare.ts';
import { type AnsweredRow, type AskedRow, tokenLogProbs } from './token-log-probs.ts';

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

/** @throws UserError naming an item of which a log-probability is not finite */
export function requireFinite({ item, scores }: ScoredItem): void {
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
  const { asked, read } = packQuestions(pack, group);
  return read(answer(model, pack, asked, edits));
}

/** What a model has to be asked at which places of a pack, and how the answers, in their order, are read. */
export interface PackQuestions {
  asked: AskedRow[];
  read(answers: readonly AnsweredRow[]): ScoredItem[];
}

/** Of the options of a group's items. @param pack of `packItems` */
export function packQuestions(pack: Pack, group: readonly PreparedItem[]): PackQuestions {
  const common = ({ item, prompt, continuations }: PreparedItem) => ({ item, prompt, continuations });
  if (group[0]!.letters === undefined) {
    const { asked, read } = textQuestions(pack);
    return {
      asked,
      read(answers) {
        const texts = read(answers);
        return group.map((prepared, i) => ({
          ...common(prepared),
          scores: texts[i]!.map((score, option) => withBytes(score, prepared.continuations[option]!)),
          ...(prepared.areLetters
            ? { letterMass: texts[i]!.reduce((sum, { logprob }) => sum + Math.exp(logprob), 0) }
            : {}),
        }));
      },
    };
  }
  const asked = group.map(({ letters }, i) => ({
    row: pack.scored[i]![0]!.rows[0]!,
    ids: [...new Set([...letters!.scored, ...letters!.others])],
  }));
  const read = (answers: readonly AnsweredRow[]) =>
    group.map((prepared, i) => {
      const { logprobs, greedy } = answers[i]!;
      const { ids } = asked[i]!;
      const scores = prepared.letters!.scored.map((id, option) => {
        const k = ids.indexOf(id);
        const score = { logprob: logprobs[k]!, tokens: 1, greedy: greedy === k };
        return withBytes(score, prepared.continuations[option]!);
      });
      const letterMass = logprobs.reduce((sum, logprob) => sum + Math.exp(logprob), 0);
      return { ...common(prepared), scores, letterMass };
    });
  return { asked, read };
}

function withBytes(score: Omit<OptionScore, 'bytes'>, continuation: string): OptionScore {
  return { ...score, bytes: Buffer.byteLength(continuation.trimStart()) };
}

type TextScore = Omit<OptionScore, 'bytes'>;

/** Sums over the tokens of each sequence of each item of a pack. */
function scoreTexts(model: Gemma3, pack: Pack, edits: PackEdits): TextScore[][] {
  const { asked, read } = textQuestions(pack);
  return read(answer(model, pack, asked, edits));
}

function textQuestions(pack: Pack): {
  asked: AskedRow[];
  read(answers: readonly AnsweredRow[]): TextScore[][];
} {
  // The last token of a prompt is asked about the first ones of all options, and is a row once.
  const places = new Map<number, Map<number, number>>();
  for (const { rows, labels } of pack.scored.flat())
    for (const [i, label] of labels.entries()) {
      const ids = places.get(rows[i]!) ?? new Map<number, number>();
      places.set(rows[i]!, ids);
      if (!ids.has(label)) ids.set(label, ids.size);
    }
  const asked = [...places].map(([row, ids]) => ({ row, ids: [...ids.keys()] }));
  return {
    asked,
    read(answers) {
      const found = new Map(answers.map((one, r) => [asked[r]!.row, one]));
      return pack.scored.map((item) =>
        item.map(({ rows, labels }) => {
          const tokens = labels.map((label, i) => {
            const { logprobs, greedy } = found.get(rows[i]!)!;
            const k = places.get(rows[i]!)!.get(label)!;
            return { logprob: logprobs[k]!, greedy: greedy === k };
          });
          return {
            logprob: tokens.reduce((sum, { logprob }) => sum + logprob, 0),
            tokens: labels.length,
            greedy: tokens.every(({ greedy }) => greedy),
          };
        }),
      );
    },
  };
}

/** Runs the model over a pack, and tells what it says at the places asked for. */
function answer(model: Gemma3, pack: Pack, asked: readonly AskedRow[], edits: PackEdits): AnsweredRow[] {
  return tf.tidy(() => {
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
    return tokenLogProbs(hidden_TD, model.parameter('embed_tokens.weight'), asked);
  });
}
