export {
  CLO_SEQUENCES,
  type CloBatch,
  type CloOptions,
  type CloPair,
  type CloSequence,
  type CloValues,
  clo,
  cloValues,
} from './clo.ts';
export { exactProduct } from './exact-product.ts';
export { languageMatching, type MatchingHead } from './language-matching.ts';
export {
  type Direction,
  type InfoNceGradients,
  type InfoNceOptions,
  infoNce,
  infoNceGradients,
  surrogate,
} from './midalign.ts';
export { nll, type Targets } from './nll.ts';
export {
  meanPool,
  normalizePooled,
  type PlainStatistics,
  type PoolNormalize,
  type PoolOptions,
  type PoolStatistics,
  type PoolWeights,
  poolStatistics,
  type TokenRange,
} from './pool.ts';
export {
  type Preference,
  type PreferenceOptions,
  preference,
  type Response,
  SATURATED,
} from './preference.ts';
export { type SequenceLogProbs, type SequenceTargets, sequenceLogProbs } from './sequence-log-probs.ts';
