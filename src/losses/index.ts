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
