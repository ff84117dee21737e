/** The same items under several ways of steering. */
import type { Gemma3 } from '../model/index.ts';
import { steeringEdits } from '../steering/edits.ts';
import type { SteeringStep } from '../steering/vector.ts';
import type { ScoredItem } from './item.ts';
import { packGroups } from './scoring/pack.ts';
import type { PreparedItem } from './scoring/prepare.ts';
import { scoreItems } from './scoring/score.ts';

/** Steps that act together; none is the model as it is. */
export type Cell = readonly SteeringStep[];

/** How cells are scored. */
export interface CellOptions {
  /** Tokens of a pass. */
  tokenBudget: number;
  /** Items that need not be scored; a pack is computed whole while any of its items is not among them. */
  isDone?: (item: PreparedItem) => boolean;
  /** Waited for after each pass: timers, signals, progress; stops by throwing. */
  between?(): Promise<void> | void;
}

/**
 * Scores items under each cell, pack by pack: for each pack a list of its scored items a cell, in the order of the cells.
 *
 * @throws UserError as `scoreItems`, and for a language that a vector does not have
 */
export async function* scoreCells(
  model: Gemma3,
  items: readonly PreparedItem[],
  cells: readonly Cell[],
  { tokenBudget, isDone = () => false, between }: CellOptions,
): AsyncGenerator<ScoredItem[][]> {
  const edits = cells.map((steps) => steeringEdits(steps));
  for (const group of packGroups(items, tokenBudget)) {
    if (group.every(isDone)) continue;
    const found: ScoredItem[][] = [];
    for (const own of edits) {
      found.push([...scoreItems(model, group, { tokenBudget, edits: own })].flat());
      await between?.();
    }
    yield found;
  }
}
