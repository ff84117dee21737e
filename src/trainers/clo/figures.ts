/** What is logged of pairs: sums over an optimizer batch, divided by their counts; over all languages and by each. */
import { CLO_SEQUENCES, type CloOptions, type CloPair } from '../../losses/index.ts';

/** Names of what is logged of pairs, without those of each language. */
export const CLO_FIGURES = [
  ...['rewards/chosen', 'rewards/rejected', 'rewards/margins', 'rewards/accuracies'],
  ...['saturated', 'preference_loss', 'nll'],
  ...CLO_SEQUENCES.map((key) => `logps/${key}`),
];

/** Collects pairs of a step, or of held-out rows. */
export interface CloFigures {
  add(pairs: readonly CloPair[], languages: readonly string[]): void;
  /** TRL's names; `rewards/margins/es` is of the pairs with Spanish. */
  figures(): Record<string, number>;
  /** Share of pairs with both preferences saturated. */
  saturated(): number;
}

/** @param prefix of the names, `eval_` for instance. */
export function cloFigures(prefix = ''): CloFigures {
  const all: { pair: CloPair; lang: string }[] = [];
  return {
    add(pairs, languages) {
      for (const [i, pair] of pairs.entries()) all.push({ pair, lang: languages[i]! });
    },
    figures() {
      const languages = [...new Set(all.map(({ lang }) => lang))].sort();
      const whole = meansOf(all.map(({ pair }) => pair));
      const each = languages.flatMap((lang) => {
        const own = meansOf(all.filter((one) => one.lang === lang).map(({ pair }) => pair));
        return Object.entries(own).map(([name, value]) => [`${prefix}${name}/${lang}`, value] as const);
      });
      const named = Object.entries(whole).map(([name, value]) => [`${prefix}${name}`, value] as const);
      return Object.fromEntries([...named, ...each]);
    },
    saturated: () => all.reduce((sum, { pair }) => sum + pair.saturated, 0) / all.length,
  };
}

/** The loss of pairs that are a batch of their own. */
export function lossOf(pairs: readonly CloPair[], { lambda }: Pick<CloOptions, 'lambda'>): number {
  const targets = pairs.reduce((sum, { numTargets }) => sum + numTargets, 0);
  const nll = pairs.reduce((sum, { nllSum }) => sum + nllSum, 0) / targets;
  const preferences = pairs.reduce((sum, { en, xx }) => sum + en.loss + xx.loss, 0) / pairs.length;
  return lambda * nll + (1 - lambda) * preferences;
}

function meansOf(pairs: readonly CloPair[]): Record<string, number> {
  const both = pairs.flatMap(({ en, xx }) => [en, xx]);
  const mean = <T>(list: readonly T[], of: (one: T) => number) =>
    list.reduce((sum, one) => sum + of(one), 0) / list.length;
  const targets = pairs.reduce((sum, { numTargets }) => sum + numTargets, 0);
  return {
    'rewards/chosen': mean(both, (one) => one.rewardChosen),
    'rewards/rejected': mean(both, (one) => one.rewardRejected),
    'rewards/margins': mean(both, (one) => one.margin),
    'rewards/accuracies': mean(both, (one) => one.accuracy),
    saturated: mean(pairs, (pair) => pair.saturated),
    preference_loss: mean(pairs, ({ en, xx }) => en.loss + xx.loss),
    nll: pairs.reduce((sum, { nllSum }) => sum + nllSum, 0) / targets,
    ...Object.fromEntries(
      CLO_SEQUENCES.map((key) => [`logps/${key}`, mean(pairs, ({ logps }) => logps[key])]),
    ),
  };
}
