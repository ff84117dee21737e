/** One preference of DPO's sigmoid loss (Rafailov et al. 2023), in float64: value, slopes and what is logged of it. */

/** A response under policy and reference. */
export interface Response {
  /** log p(response | prompt) of the model being trained, summed over its tokens. */
  logp: number;
  /** The same of the model the run started from. */
  reference: number;
  /** Its tokens. */
  n: number;
}

/** How log-ratios become z. */
export interface PreferenceOptions {
  /** Factor of the log-ratios. */
  beta: number;
  /** `tokens`: each log-ratio over the response's tokens (TRL: `sigmoid_norm`). */
  normalize: 'none' | 'tokens';
}

/** A preference. All numbers may be summed over a batch. */
export interface Preference {
  /** softplus(-z) = -log sigmoid(z), in nats. */
  loss: number;
  /** beta times the difference of the (normalised) log-ratios, chosen less rejected. */
  z: number;
  /** beta * log-ratio; summed over tokens even where z is normalised, as TRL logs it. */
  rewardChosen: number;
  rewardRejected: number;
  /** rewardChosen - rewardRejected. */
  margin: number;
  /** 1 if the chosen response has the larger reward; equal counts 0 (TRL). */
  accuracy: number;
  /** 1 if sigmoid's slope at z, s (1 - s), is below `SATURATED`: beyond |z| = 6.906. */
  saturated: number;
  /** d loss / d logp. */
  slopeChosen: number;
  slopeRejected: number;
}

/** Slope of the sigmoid under which a preference counts as saturated. */
export const SATURATED = 1e-3;

/** The preference of `chosen` over `rejected`; finite for every finite z. */
export function preference(
  chosen: Response,
  rejected: Response,
  { beta, normalize }: PreferenceOptions,
): Preference {
  const perToken = (response: Response) => beta / (normalize === 'tokens' ? response.n : 1);
  const ratio = ({ logp, reference }: Response) => logp - reference;
  const z = perToken(chosen) * ratio(chosen) - perToken(rejected) * ratio(rejected);
  const rewardChosen = beta * ratio(chosen);
  const rewardRejected = beta * ratio(rejected);
  // Of e^z and e^-z the one that is at most 1: the other overflows.
  const small = Math.exp(-Math.abs(z));
  const rejects = (z >= 0 ? small : 1) / (1 + small);
  return {
    loss: Math.max(-z, 0) + Math.log1p(small),
    z,
    rewardChosen,
    rewardRejected,
    margin: rewardChosen - rewardRejected,
    accuracy: rewardChosen > rewardRejected ? 1 : 0,
    saturated: small / (1 + small) ** 2 < SATURATED ? 1 : 0,
    slopeChosen: -rejects * perToken(chosen),
    slopeRejected: rejects * perToken(rejected),
  };
}
