/** What an evaluation is of, and how it ends: its key before the first score, its results after the last. */
import { createHash } from 'node:crypto';
import type { BackendInfo } from '../backend/index.ts';
import { countParameters, type EmbedScale } from '../model/index.ts';
import { type Tokenizer, templateSource } from '../model/tokenizer/index.ts';
import type { ModelSource } from '../runs/index.ts';
import type { SteeringStep } from '../steering/vector.ts';
import type { AskedTask, AskSettings } from './ask.ts';
import type { Item, ScoredItem } from './item.ts';
import {
  type EvaluationKey,
  metricName,
  type OpenEvaluation,
  resultsText,
  SCORER_VERSION,
  savedScores,
  type TaskResult,
  taskHash,
  tokenizerIdentity,
} from './results/index.ts';
import type { PreparedItem } from './scoring/prepare.ts';
import { steeringFacts, steeringKey } from './steered.ts';
import { type Summary, summarize } from './summary.ts';

/** What came of an evaluation. */
export interface EvaluationResult {
  /** Path of the results file. */
  results: string;
  tasks: { task: string; summary: Summary }[];
}

/** How the model of an evaluation is used. */
export interface Used {
  chat: boolean;
  embedScale?: EmbedScale;
  steering?: readonly SteeringStep[];
}

/** The key of an evaluation. @param weights `weightsIdentity` */
export async function evaluationKey(
  { chat, embedScale = 'bf16', steering = [] }: Used,
  { tokenizer }: ModelSource,
  backend: BackendInfo,
  weights: string,
  ready: readonly AskedTask[],
): Promise<EvaluationKey> {
  const template = chat ? createHash('sha256').update(templateSource(tokenizer)).digest('hex') : null;
  return {
    scorer_version: SCORER_VERSION,
    weights,
    tokenizer: await tokenizerIdentity(tokenizer),
    chat_template: template,
    embed_scale: embedScale,
    compute: backend.compute,
    storage: backend.storage,
    steering: steeringKey(steering),
    tasks: Object.fromEntries(ready.map(({ task, key }) => [task.name, key])),
  };
}

/** What the end of an evaluation needs to know. */
export interface Ending extends Used, Pick<AskSettings, 'metric' | 'seed'> {
  /** The model as it was named. */
  model: string;
  source: ModelSource;
  backend: BackendInfo;
  /** Folder of the results. */
  dir: string;
  seconds: number;
}

/** Writes the results of an evaluation whose items are all scored. */
export async function endEvaluation(
  open: OpenEvaluation,
  ready: readonly AskedTask[],
  { model, source, backend, dir, metric, seed, chat, steering = [], seconds }: Ending,
): Promise<EvaluationResult> {
  const tasks: EvaluationResult['tasks'] = [];
  const results = await open.finish(async () => {
    const found: TaskResult[] = [];
    for (const one of ready) {
      const { result, summary } = await resultOf(one, dir, { metric, seed });
      found.push(result);
      tasks.push({ task: one.task.name, summary });
    }
    return resultsText({
      ...{ record: open.record, device: backend.device, metric, tasks: found, seconds },
      model: { name: model, parameters: countParameters(source.config) },
      maxLength: Math.max(...ready.flatMap(({ prepared }) => prepared.map(longest))),
      tokenizer: tokensOf(source.tokenizer),
      ...(chat ? { chatTemplate: templateSource(source.tokenizer) } : {}),
      steering: steeringFacts(steering),
    });
  });
  return { results, tasks };
}

/** What tells an item from the others of its task. */
export const itemKey = ({ language, id }: Item): string => `${language} ${id}`;

/** Index of each item among those of its language, by `itemKey`. */
export function placesOf(prepared: readonly PreparedItem[]): Map<string, number> {
  const counts = new Map<string, number>();
  return new Map(
    prepared.map(({ item }) => {
      const place = counts.get(item.language) ?? 0;
      counts.set(item.language, place + 1);
      return [itemKey(item), place];
    }),
  );
}

async function resultOf(
  { task, items }: AskedTask,
  dir: string,
  { metric, seed }: Pick<AskSettings, 'metric' | 'seed'>,
): Promise<{ result: TaskResult; summary: Summary }> {
  const scored: ScoredItem[] = [];
  const hashes = new Map<string, string>();
  for await (const found of savedScores(dir, dir, true)) {
    if (found.task !== task.name) continue;
    for (const score of found.scores) scored.push(score);
    hashes.set(found.language, taskHash(found.scores.map((score) => score.hashes)));
  }
  const summary = summarize(scored, metric, { seed });
  const name = metricName(metric);
  const languages = Object.entries(summary.accuracy.byLanguage).map(
    ([language, { n, mean, naiveStderr }]) => ({
      ...{ language, n, original: items.filter((item) => item.language === language).length },
      metrics: { [name]: { mean, ...(naiveStderr === undefined ? {} : { stderr: naiveStderr }) } },
      hash: hashes.get(language)!,
    }),
  );
  const { mean } = summary.accuracy;
  const metrics = {
    [name]: { mean: mean.mean, ...(mean.stderr === undefined ? {} : { stderr: mean.stderr }) },
  };
  return { result: { task: task.name, languages, metrics, ours: { ...summary } }, summary };
}

function longest({ sequences }: PreparedItem): number {
  return Math.max(...sequences.map(({ ids }) => ids.length));
}

function tokensOf({
  padId,
  eosId,
  bosId,
  idToToken,
}: Tokenizer): Record<'pad' | 'eos' | 'bos', [string, number]> {
  const token = (id: number): [string, number] => [idToToken(id) ?? '', id];
  return { pad: token(padId), eos: token(eosId), bos: token(bosId) };
}
