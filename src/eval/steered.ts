/** Steering in results: what tells one way of steering from another, and what there is to say of it. */
import { settledSteps } from '../steering/edits.ts';
import type { SteeringStep } from '../steering/vector.ts';
import type { Item } from './item.ts';
import { canonicalJson, sha256 } from './results/digest.ts';

/**
 * The part of an evaluation's key: SHA-256 over the numbers of vectors, layers, gammas and tokens. The order of steps does not
 * count, nor do steps of gamma 0; null where none is left: the scores are those of no steering to the last bit.
 */
export function steeringKey(steps: readonly SteeringStep[]): string | null {
  const settled = settledSteps(steps);
  if (settled.length === 0) return null;
  return sha256(
    canonicalJson(settled.map(({ vector, layer, gamma, tokens }) => [vector.identity, layer, gamma, tokens])),
  );
}

/** The same steps as results tell them, snake case. */
export function steeringFacts(steps: readonly SteeringStep[]): Record<string, unknown>[] {
  return settledSteps(steps).map(({ vector: { facts, identity, vectors_LD }, layer, gamma, tokens }) => ({
    ...{ kind: facts.kind, layer, gamma, tokens, identity },
    languages: [...vectors_LD.keys()].sort(),
    model: facts.model.name,
    task: facts.task,
    split: facts.split,
    seed: facts.seed,
    read_at: facts.read_at,
  }));
}

/** A line for each vector that was made of questions which are asked now: it has seen their prompts. */
export function madeOfThese(steps: readonly SteeringStep[], task: string, items: readonly Item[]): string[] {
  return [...new Set(steps.map(({ vector }) => vector))].flatMap(({ facts }) => {
    if (facts.task !== task) return [];
    const seen = new Map(Object.entries(facts.pairs).map(([language, { ids }]) => [language, new Set(ids)]));
    const count = items.filter(({ language, id }) => seen.get(language)?.has(id)).length;
    if (count === 0) return [];
    return [
      `${task}: ${count} of the ${items.length} items asked are among those that the ${facts.kind} vector was made of; report on others (split test)`,
    ];
  });
}

/** A line for each vector that was read off other prompts than are asked now: in a chat template or not, by another tokenizer. */
export function otherPrompts(
  steps: readonly SteeringStep[],
  now: { tokenizer: string; chat_template: string | null },
): string[] {
  return [...new Set(steps.map(({ vector }) => vector))].flatMap(({ facts }) => {
    // Of what was made otherwise there is no prompt to speak of.
    if (facts.extraction === undefined) return [];
    const how = (template: string | null) =>
      template === null ? 'without a chat template' : 'in a chat template';
    const lines: string[] = [];
    if (facts.tokenizer !== now.tokenizer)
      lines.push(`the ${facts.kind} vector was read with another tokenizer than this model's`);
    if (how(facts.chat_template) !== how(now.chat_template))
      lines.push(
        `the ${facts.kind} vector was read ${how(facts.chat_template)}, and questions are asked ${how(now.chat_template)}`,
      );
    else if (facts.chat_template !== now.chat_template)
      lines.push(`the ${facts.kind} vector was read in another chat template than this model's`);
    return lines;
  });
}
