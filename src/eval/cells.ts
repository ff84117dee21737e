/**
 * The same items under several ways of steering, in one pass. What is added from the end of a prompt on changes no token before it,
 * and nothing below its layer: so the pack goes through the model once as it is, and at the output of each cell's first layer a
 * steered copy of the few tokens from each prompt's end on joins it. All copies then go up together.
 */
import type { Gemma3 } from '../model/index.ts';
import { steeringEdits } from '../steering/edits.ts';
import type { SteeringStep } from '../steering/vector.ts';
import type { ScoredItem } from './item.ts';
import { scoreCopies } from './scoring/copies.ts';
import { changedTokens, itemTokens, packGroups } from './scoring/pack.ts';
import type { PreparedItem } from './scoring/prepare.ts';
import { scoreItems } from './scoring/score.ts';

/** Steps that act together; none is the model as it is. */
export type Cell = readonly SteeringStep[];

/** How cells are scored. */
export interface CellOptions {
  /** Tokens of a pass, with all copies. */
  tokenBudget: number;
  /** Items that need not be scored; a pack is computed whole while any of its items is not among them. */
  isDone?: (item: PreparedItem) => boolean;
  /** Waited for after each pass: timers, signals, progress; stops by throwing. */
  between?(): Promise<void> | void;
}

/**
 * Scores items under each cell, pack by pack: for each pack a list of its scored items a cell, in the order of the cells. Steering
 * everywhere shares nothing, nor do options by themselves (pmi): then each cell is a pass of its own.
 *
 * @throws UserError as `scoreItems`, and for a language that a vector does not have
 */
export async function* scoreCells(
  model: Gemma3,
  items: readonly PreparedItem[],
  cells: readonly Cell[],
  { tokenBudget, isDone = () => false, between }: CellOptions,
): AsyncGenerator<ScoredItem[][]> {
  const isShared =
    cells.every((steps) => steps.every(({ tokens }) => tokens === 'prompt_end')) &&
    !items.some(({ alone }) => alone);
  const turns = isShared
    ? turnsOf(items, cells, tokenBudget)
    : cells.map((steps, index) => [{ steps, index }]);
  const copies = isShared ? Math.max(0, ...turns.map(({ length }) => length)) : 0;
  for (const group of packGroups(items, tokenBudget, copies)) {
    if (group.every(isDone)) continue;
    const found: ScoredItem[][] = cells.map(() => []);
    for (const turn of turns) {
      const scored = isShared
        ? scoreCopies(
            model,
            group,
            turn.map(({ steps }) => steps),
          )
        : [[...scoreItems(model, group, { tokenBudget, edits: steeringEdits(turn[0]!.steps) })].flat()];
      for (const [i, { index }] of turn.entries()) found[index] = scored[i]!;
      await between?.();
    }
    yield found;
  }
}

/** A cell and its place among all. */
interface Placed {
  steps: Cell;
  index: number;
}

/**
 * Cells in turns: as many at once as leave room for an item with all of its copies. Those of neighbouring layers are together, as
 * a turn passes the items once as they are.
 */
function turnsOf(items: readonly PreparedItem[], cells: readonly Cell[], tokenBudget: number): Placed[][] {
  const ordered = cells
    .map((steps, index): Placed => ({ steps, index }))
    .sort((a, b) => firstLayer(a.steps) - firstLayer(b.steps) || a.index - b.index);
  const room = items.reduce(
    (least, item) => Math.min(least, (tokenBudget - itemTokens(item)) / changedTokens(item)),
    ordered.length,
  );
  const most = Math.max(1, Math.floor(room));
  return Array.from({ length: Math.ceil(ordered.length / most) }, (_, turn) =>
    ordered.slice(turn * most, (turn + 1) * most),
  );
}

function firstLayer(steps: Cell): number {
  return Math.min(Number.POSITIVE_INFINITY, ...steps.map(({ layer }) => layer));
}
