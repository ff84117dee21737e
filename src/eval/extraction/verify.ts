/** Is a vector what its facts say? It is extracted again, and held against what is on disk. */
import { UserError } from '../../errors.ts';
import type { SteeringVector } from '../../steering/vector.ts';
import type { PromptName } from '../scoring/prompts.ts';
import { PROMPTS } from '../scoring/prompts.ts';
import { type ExtractionOptions, type ExtractionRequest, extractVector } from './extract.ts';

/** What was found. */
export interface Verified {
  /** Largest difference of two numbers, and where it is. */
  largest: number;
  at: { language: string; layer: number };
  /** Largest difference in mean lengths of the hidden states of its block: what it is judged by, as it does not depend on the model. */
  relative: number;
}

/** Above this a vector is not what its facts say: other kernels and packs come to 1e-6. */
export const MOST_DIFFERENT = 1e-4;

/** Where things are now, such as the path of a model that has been moved, and what computes. */
export interface Changed
  extends Partial<Pick<ExtractionRequest, 'model' | 'tokenizer' | 'tokenBudget' | 'backend'>> {
  /** Of the questions. */
  path?: string;
}

/**
 * Extracts a vector again from what its facts say.
 *
 * @throws UserError if the facts do not say how, or model, questions or prompts are no longer those
 */
export async function verifyVector(
  vector: SteeringVector,
  changed: Changed,
  options: ExtractionOptions,
): Promise<Verified> {
  const again = await extractVector(requestOf(vector, changed), options);
  requireSame(vector, again);
  let found: Verified = { largest: 0, at: { language: '', layer: 0 }, relative: 0 };
  const { hidden_size: D } = vector.facts.model;
  for (const [language, numbers_LD] of vector.vectors_LD) {
    const other_LD = again.vectors_LD.get(language)!;
    const { hidden } = vector.facts.norms[language]!;
    for (const [i, value] of numbers_LD.entries()) {
      const difference = Math.abs(value - other_LD[i]!);
      const layer = Math.floor(i / D);
      const relative = Math.max(found.relative, difference === 0 ? 0 : difference / hidden[layer]!);
      if (difference > found.largest) found = { largest: difference, at: { language, layer }, relative };
      else found.relative = relative;
    }
  }
  return found;
}

function requestOf({ facts }: SteeringVector, { path, backend, ...changed }: Changed): ExtractionRequest {
  const { extraction, kind, prompt } = facts;
  if (extraction === undefined || (kind !== 'en' && kind !== 'loc'))
    throw new UserError(`a vector of kind ${kind} that was not extracted here cannot be extracted again`);
  const { form, scoring, shots, chat } = prompt;
  if (!isPrompt(form) || (scoring !== 'letters' && scoring !== 'text') || typeof shots !== 'number')
    throw new UserError(
      'the facts do not say how questions were put (prompt.form, prompt.scoring, prompt.shots)',
    );
  const from = path ?? extraction.path;
  return {
    kind,
    task: { name: facts.task, options: extraction.options, ...(from === null ? {} : { path: from }) },
    languages: extraction.languages,
    ...{ scoring, prompt: form, shots, chat: chat === true },
    seed: facts.seed,
    readAt: facts.read_at,
    appliedAt: facts.applied_at,
    splitBy: extraction.split_by,
    dev1: extraction.dev1,
    dev2: extraction.dev2,
    model: facts.model.name,
    ...(extraction.tokenizer === null ? {} : { tokenizer: extraction.tokenizer }),
    tokenBudget: 4096,
    backend: { compute: typeOf(extraction.compute), storage: typeOf(extraction.storage), ...backend },
    ...changed,
  };
}

function typeOf(name: string): 'float32' | 'bfloat16' {
  return name === 'bfloat16' ? 'bfloat16' : 'float32';
}

function isPrompt(form: unknown): form is PromptName {
  return (PROMPTS as readonly unknown[]).includes(form);
}

/** What would be compared with something else is not compared. */
function requireSame({ facts }: SteeringVector, { facts: now }: SteeringVector): void {
  const changes: [what: string, same: boolean][] = [
    ['the weights of the model', facts.model.weights === now.model.weights],
    ['its tokenizer', facts.tokenizer === now.tokenizer],
    ['its chat template', facts.chat_template === now.chat_template],
    ['the questions', pairsOf(facts.pairs) === pairsOf(now.pairs)],
  ];
  const other = changes.filter(([, same]) => !same).map(([what]) => what);
  if (other.length > 0)
    throw new UserError(`cannot be verified: ${other.join(', ')} are no longer those it was extracted with`);
}

function pairsOf(pairs: SteeringVector['facts']['pairs']): string {
  return Object.entries(pairs)
    .map(([language, { sha256 }]) => `${language} ${sha256}`)
    .sort()
    .join();
}
