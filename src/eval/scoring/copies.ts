/**
 * A pack under several ways of steering, in one pass: at the output of the first layer that a way changes, a copy of the changed
 * tokens joins the pack.
 *
 * Shape letters: T tokens of the pack, R of them that steering changes, M tokens with copies, D model.
 */
import * as tf from '../../backend/tfjs.ts';
import type { Gemma3 } from '../../model/index.ts';
import { type Shift, shiftsOf } from '../../steering/edits.ts';
import type { SteeringStep } from '../../steering/vector.ts';
import type { ScoredItem } from '../item.ts';
import { type Growing, growing, grown } from './grow.ts';
import { packItems } from './pack.ts';
import type { PreparedItem } from './prepare.ts';
import { packQuestions, requireFinite } from './score.ts';
import { tokenLogProbs } from './token-log-probs.ts';

/** A copy of the changed tokens: what is added where, and the place of its first token among all. */
interface Copy {
  shifts: Shift[];
  start: number;
}

/**
 * Scores a group of one language under each of some cells; steps from the end of the prompt on alone.
 *
 * @returns by cell
 * @throws UserError naming the item if a log-probability is not finite, and for a language that a vector does not have
 */
export function scoreCopies(
  model: Gemma3,
  group: readonly PreparedItem[],
  cells: readonly (readonly SteeringStep[])[],
): ScoredItem[][] {
  const pack = packItems(group);
  const base = growing(pack);
  const { language } = group[0]!.item;
  const [T, R] = [pack.numTokens, base.changed_R.length];
  const joined = cells
    .map((steps) => shiftsOf(steps, language))
    .map((shifts, cell) => ({ shifts, cell, first: Math.min(...shifts.map(({ layer }) => layer)) }))
    // A cell that changes nothing in this language is the pack as it is.
    .filter(({ shifts }) => shifts.length > 0)
    .sort((a, b) => a.first - b.first || a.cell - b.cell)
    .map(({ shifts, cell }, at): [number, Copy] => [cell, { shifts, start: T + at * R }]);
  const copies = new Map(joined);
  const questions = packQuestions(pack, group);
  const rankOf = new Map(Array.from(base.changed_R, (t, r) => [t, r]));
  const hidden_MD = pass(model, pack.tokens_T, base, [...copies.values()]);
  try {
    // All cells' places together: the embedding, which is most of a small model, is read once for them.
    const asked = cells.flatMap((_, cell) => {
      const start = copies.get(cell)?.start;
      const place = (row: number) => (start === undefined ? row : start + rankOf.get(row)!);
      return questions.asked.map(({ row, ids }) => ({ row: place(row), ids }));
    });
    const answers = tokenLogProbs(hidden_MD, model.parameter('embed_tokens.weight'), asked);
    return cells.map((_, cell) => {
      const from = cell * questions.asked.length;
      const scored = questions.read(answers.slice(from, from + questions.asked.length));
      for (const one of scored) requireFinite(one);
      return scored;
    });
  } finally {
    hidden_MD.dispose();
  }
}

/** The pack through all blocks, copies joining it at their first layer; after the final norm. */
function pass(model: Gemma3, tokens_T: Int32Array, base: Growing, copies: readonly Copy[]): tf.Tensor2D {
  const { hiddenSize: D } = model.config;
  const stops = [...new Set(copies.flatMap(({ shifts }) => shifts.map(({ layer }) => layer)))].sort(
    (a, b) => a - b,
  );
  let hidden: tf.Tensor3D | undefined;
  let at = -1;
  let count = 0;
  const go = (to: number | undefined) =>
    tf.tidy(() => {
      const { positions, segments, parents } = grown(base, count);
      const M = positions.length;
      const row = (values: Int32Array) => tf.tensor2d(values, [1, M], 'int32');
      const tokens = new Int32Array(M);
      tokens.set(tokens_T);
      return model.forward({
        ...{ tokens_BT: row(tokens), positions_BT: row(positions), segments_BT: row(segments), parents },
        ...(hidden ? { startFrom: { layer: at, hidden_BTD: hidden } } : {}),
        ...(to === undefined ? {} : { stopAfter: to }),
      }).hidden_BTD;
    });
  for (const stop of stops) {
    const before = hidden;
    const passed = go(stop);
    before?.dispose();
    const joining = copies.filter(({ shifts }) => Math.min(...shifts.map(({ layer }) => layer)) === stop);
    hidden = tf.tidy(() => joinAt(passed, stop, base, copies.slice(0, count), joining, D));
    passed.dispose();
    count += joining.length;
    at = stop;
  }
  const out = go(undefined);
  hidden?.dispose();
  const hidden_MD = tf.reshape(out, [-1, D]) as tf.Tensor2D;
  out.dispose();
  return hidden_MD;
}

/** Adds what is added at a layer: to copies that are there already, and to new ones of the changed tokens. */
function joinAt(
  hidden_1MD: tf.Tensor3D,
  layer: number,
  { changed_R, steered_R }: Growing,
  there: readonly Copy[],
  joining: readonly Copy[],
  D: number,
): tf.Tensor3D {
  const R = changed_R.length;
  const M = hidden_1MD.shape[1];
  const hidden_MD = tf.reshape(hidden_1MD, [M, D]) as tf.Tensor2D;
  const steered_R1 = tf.tensor2d(Float32Array.from(steered_R), [R, 1]);
  const added = ({ shifts }: Copy) => {
    const shift = shifts.find((one) => one.layer === layer);
    return shift && tf.mul(steered_R1, tf.tensor2d(shift.shift_D, [1, D]));
  };
  const clean_TD = tf.slice(hidden_MD, [0, 0], [M - there.length * R, D]);
  const clean_RD = tf.gather(clean_TD, tf.tensor1d(changed_R, 'int32'));
  const isMoved = there.some(({ shifts }) => shifts.some((one) => one.layer === layer));
  const parts: tf.Tensor[] = isMoved ? [clean_TD] : [hidden_MD];
  if (isMoved)
    for (const copy of there) {
      const own_RD = tf.slice(hidden_MD, [copy.start, 0], [R, D]);
      const shift = added(copy);
      parts.push(shift ? tf.add(own_RD, shift) : own_RD);
    }
  for (const copy of joining) parts.push(tf.add(clean_RD, added(copy)!));
  const all_MD = tf.concat(parts, 0);
  return tf.reshape(all_MD, [1, all_MD.shape[0]!, D]) as tf.Tensor3D;
}
