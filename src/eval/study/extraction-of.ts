/** The extraction that a study asks for. */
import type { ExtractionRequest } from '../extraction/extract.ts';
import type { StudyRequest, StudyVector } from './request.ts';

/** The extraction of a vector of the study. @param model as it is named */
export function extractionOf(
  request: StudyRequest,
  kind: StudyVector,
  languages: readonly string[],
  model: string,
): ExtractionRequest {
  const { asking, parts, tokenizer, tokenBudget, backend, readAt, appliedAt } = request;
  return {
    ...{ kind, languages, model, readAt, appliedAt, tokenBudget, backend },
    task: kind === 'en' ? request.universal : request.cultural,
    ...{ shots: asking.shots, chat: asking.chat, seed: asking.seed },
    ...(asking.scoring ? { scoring: asking.scoring } : {}),
    ...(asking.prompt ? { prompt: asking.prompt } : {}),
    ...(tokenizer === undefined ? {} : { tokenizer }),
    ...{ splitBy: parts.by, dev1: parts.dev1, dev2: parts.dev2 },
  };
}
