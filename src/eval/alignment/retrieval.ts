/** Does the nearest sentence of the other language say the same? */
import type { Matrix } from './matrix.ts';

/** Shares of sentences whose own translation is nearer than any other sentence: retrieval@1. */
export interface Retrieval {
  /** Rows look among columns. */
  forward: number;
  /** Columns look among rows. */
  backward: number;
}

/**
 * @param cosines of row i with column j; (i, i) are translations. A tie with another sentence is a miss: the model cannot
 *   tell them apart.
 */
export function retrieval({ rows: S, values }: Matrix): Retrieval {
  let [forward, backward] = [0, 0];
  for (let i = 0; i < S; i++) {
    const own = values[i * S + i]!;
    let [isFirstInRow, isFirstInColumn] = [true, true];
    for (let j = 0; j < S; j++) {
      if (j === i) continue;
      if (values[i * S + j]! >= own) isFirstInRow = false;
      if (values[j * S + i]! >= own) isFirstInColumn = false;
    }
    if (isFirstInRow) forward++;
    if (isFirstInColumn) backward++;
  }
  return { forward: forward / S, backward: backward / S };
}
