/** Drawing a token from logits: temperature, then top-k, then top-p, as transformers' generation/logits_process.py does. */

export interface SampleOptions {
  /** Above 0. */
  temperature: number;
  /** Keep the k likeliest tokens; 0 keeps all. */
  topK: number;
  /** Keep the likeliest tokens whose probabilities reach p; 1 keeps all. */
  topP: number;
}

/** A token that may be drawn. */
export interface Candidate {
  id: number;
  /** Among the candidates; they sum to one. */
  p: number;
}

/** One id. @param u uniform in [0, 1) */
export function draw(logits: Float32Array, options: SampleOptions, u: number): number {
  if (options.topK > 0 || options.topP < 1) {
    const kept = candidates(logits, options);
    let left = u;
    for (const { id, p } of kept) {
      left -= p;
      if (left < 0) return id;
    }
    return kept.at(-1)!.id;
  }
  const { weights, sum } = exponentials(logits, options.temperature);
  let left = u * sum;
  for (let id = 0; id < weights.length; id++) {
    left -= weights[id]!;
    if (left < 0) return id;
  }
  return weights.findLastIndex((weight) => weight > 0);
}

/** The tokens that may be drawn, likeliest first. */
export function candidates(logits: Float32Array, { temperature, topK, topP }: SampleOptions): Candidate[] {
  const { weights, sum: all } = exponentials(logits, temperature);
  let kept = likeliest(weights, (count, mass) => (topK > 0 ? count >= topK : topP < 1 && mass >= topP * all));
  let sum = all;
  if (topK > 0) {
    kept = kept.slice(0, topK);
    sum = total(kept);
  }
  if (topP < 1) {
    let mass = 0;
    let count = 0;
    while (count < kept.length && mass < topP * sum) mass += kept[count++]!.p;
    kept = kept.slice(0, Math.max(1, count));
  }
  const left = total(kept);
  return kept.map(({ id, p }) => ({ id, p: p / left }));
}

/** Each weight is this much smaller than the last one looked for. */
const STEP = 1 / 64;

/**
 * Weights with their ids, largest first, down to some weight at which they are enough. Of a vocabulary of 262,144 only
 * the few above that weight are sorted: sorting all would take longer than the model's forward pass.
 */
function likeliest(weights: Float64Array, areEnough: (count: number, mass: number) => boolean): Candidate[] {
  for (let floor = STEP; ; floor = floor < Number.MIN_VALUE / STEP ? 0 : floor * STEP) {
    const found: Candidate[] = [];
    let mass = 0;
    for (let id = 0; id < weights.length; id++) {
      if (weights[id]! < floor) continue;
      found.push({ id, p: weights[id]! });
      mass += weights[id]!;
    }
    if (floor === 0 || areEnough(found.length, mass)) return found.sort((a, b) => b.p - a.p);
  }
}

/** e^(logit / temperature), the largest being 1, and their sum. */
function exponentials(logits: Float32Array, temperature: number): { weights: Float64Array; sum: number } {
  let top = Number.NEGATIVE_INFINITY;
  for (const x of logits) if (x > top) top = x;
  const weights = new Float64Array(logits.length);
  let sum = 0;
  for (let id = 0; id < logits.length; id++) {
    weights[id] = Math.exp((logits[id]! - top) / temperature);
    sum += weights[id]!;
  }
  return { weights, sum };
}

function total(kept: readonly Candidate[]): number {
  return kept.reduce((sum, { p }) => sum + p, 0);
}
