/**
 * What a model's hidden states look like over its blocks: where languages lie (panels), how near translations are, what can be
 * read off with a linear probe. What belongs here: reading hidden states of questions at every block, and figures of them, as
 * plain objects. Figures of two matrices are in `../alignment/`, steering vectors and their angles in `src/steering/`, drawing
 * elsewhere.
 */
export { type CollectOptions, hiddenStatesOf, type Reading, readingsOf } from './collect.ts';
export {
  type HiddenStates,
  type LanguageStates,
  READ_POSITIONS,
  type ReadPosition,
  sharedIds,
  statesAt,
} from './states.ts';
