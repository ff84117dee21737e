/** Do two models differ on the items that just one of them has right? */

/** McNemar's test of paired right and wrong answers. It takes items as independent: read it beside a clustered interval. */
export interface McNemar {
  both: number;
  onlyA: number;
  onlyB: number;
  neither: number;
  /** Two-sided, from the binomial distribution of the items that just one has right: 1 where there are none. */
  exact: number;
  /** The same with half the probability of what was seen: less cautious, and nearer to the level it promises. */
  midP: number;
}

/**
 * With n = onlyA + onlyB and m the smaller of the two: exact = 2 P(X <= m), at most 1, for X ~ Binomial(n, 1/2);
 * mid-p = exact - P(X = m), or where they are equal 1 - P(X = m) / 2 (Fagerland, Lydersen and Laake 2013,
 * doi:10.1186/1471-2288-13-91).
 */
export function mcnemar(a: readonly boolean[], b: readonly boolean[]): McNemar {
  const count = (isA: boolean, isB: boolean) => a.filter((x, i) => x === isA && b[i] === isB).length;
  const [onlyA, onlyB] = [count(true, false), count(false, true)];
  return { both: count(true, true), onlyA, onlyB, neither: count(false, false), ...pValues(onlyA, onlyB) };
}

function pValues(onlyA: number, onlyB: number): { exact: number; midP: number } {
  const n = onlyA + onlyB;
  const m = Math.min(onlyA, onlyB);
  const here = halfBinomial(n, m);
  if (onlyA === onlyB) return { exact: 1, midP: n === 0 ? 1 : 1 - here / 2 };
  // P(k - 1) = P(k) k / (n - k + 1): smaller and smaller, so the sum loses nothing.
  let tail = 0;
  for (let k = m, term = here; k >= 0 && term > 0; k--) {
    tail += term;
    term *= k / (n - k + 1);
  }
  return { exact: Math.min(1, 2 * tail), midP: Math.min(1, 2 * tail) - here };
}

/** P(X = k) for X ~ Binomial(n, 1/2), k <= n / 2. By logarithms: 2^-n alone vanishes from n = 1,075 on. */
function halfBinomial(n: number, k: number): number {
  let log = -n * Math.LN2;
  for (let i = 1; i <= k; i++) log += Math.log((n - k + i) / i);
  return Math.exp(log);
}
