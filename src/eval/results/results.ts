/** `results_<date>.json`: lm-eval's keys in its order, so that its readers open it, and what is ours beside them. */
import manifest from '../../../package.json' with { type: 'json' };
import { sha256 } from './digest.ts';
import type { EvaluationRecord } from './folder.ts';
import { taskName } from './folder.ts';
import { Float, pythonJson } from './python.ts';
import type { Sample } from './sample.ts';

/** A mean with lm-eval's standard error; undefined where there is none, as of one item. */
export interface MetricValue {
  mean: number;
  stderr?: number;
}

/** A task in one language. */
export interface LanguageResult {
  language: string;
  /** Items that are scored, and that there are. */
  n: number;
  original: number;
  /** By lm-eval's names (`metricName`); all of them are better the higher they are. */
  metrics: Readonly<Record<string, MetricValue>>;
  /** `taskHash` of the samples, in the order of `doc_id`. */
  hash: string;
}

/** A task over its languages. */
export interface TaskResult {
  task: string;
  languages: readonly LanguageResult[];
  /** Unweighted means over languages, by the same names. */
  metrics: Readonly<Record<string, MetricValue>>;
  /** What is ours of it: intervals, clusters, ties, choice log-probs, the planes' coordinates. Snake case, as JSON. */
  ours: Readonly<Record<string, unknown>>;
}

/** What the results are of, in lm-eval's terms. */
export interface ResultsOf {
  record: EvaluationRecord;
  model: { name: string; parameters: number };
  /** Device that it was computed on. */
  device: string;
  /** Longest prompt with its continuation, in tokens. */
  maxLength: number;
  tokenizer: { pad: [string, number]; eos: [string, number]; bos: [string, number] };
  /** The chat template itself, where one was used. */
  chatTemplate?: string;
  seconds: number;
  /** What was added to hidden states, as JSON; nothing for the model as it is. */
  steering?: readonly Readonly<Record<string, unknown>>[];
  /** What options were compared by. */
  metric: string;
  tasks: readonly TaskResult[];
}

/** What lm-eval calls the accuracy by a metric; `tokens` is ours, and named as it names the one by bytes. */
export function metricName(metric: 'sum' | 'tokens' | 'bytes' | 'pmi'): string {
  return { sum: 'acc', tokens: 'acc_tokens', bytes: 'acc_bytes', pmi: 'acc_mutual_info' }[metric];
}

/** lm-eval's `task_hashes` entry: SHA-256 over the hashes of all samples, which are in the order of `doc_id`. */
export function taskHash(
  samples: readonly Pick<Sample, 'doc_hash' | 'prompt_hash' | 'target_hash'>[],
): string {
  return sha256(samples.map((sample) => sample.doc_hash + sample.prompt_hash + sample.target_hash).join(''));
}

/** The text of the file. Equal results of an evaluation have equal texts but for `total_evaluation_time_seconds`. */
export function resultsText(of: ResultsOf): string {
  return `${pythonJson(resultsJson(of), 2)}\n`;
}

/** The file's content; means and errors are `Float`s, as they are in Python, also where they are whole. */
export function resultsJson(of: ResultsOf): Record<string, unknown> {
  const { record, tasks } = of;
  return {
    ...evaluated(record, tasks),
    ...circumstances(of),
    ...(of.steering?.length ? { steering: of.steering } : {}),
    // Its readers take every key of results[task] for a metric: what is ours stands here.
    isogloss: {
      version: manifest.version,
      evaluation: record.identity,
      key: record.key,
      metric: of.metric,
      tasks: Object.fromEntries(tasks.map(({ task, ours }) => [task, ours])),
    },
  };
}

/** What lm-eval's `evaluate` returns. */
function evaluated({ key }: EvaluationRecord, tasks: readonly TaskResult[]): Record<string, unknown> {
  const rows = tasks.flatMap(({ task, languages }) =>
    languages.map((result) => ({ task, name: taskName(task, result.language), result })),
  );
  const names = [
    ...rows.map(({ task, name }) => ({ task, name })),
    ...tasks.map(({ task }) => ({ task, name: task })),
  ];
  const of = <T>(value: (task: string) => T) =>
    Object.fromEntries(names.map(({ task, name }) => [name, value(task)] as const).sort(byKey));
  const groups = tasks.map(({ task, languages, metrics }) => {
    const n = languages.reduce((sum, result) => sum + result.n, 0);
    const counts = Object.keys(metrics).map((metric) => [`${metric},none`, n]);
    const entry = { name: task, alias: task, sample_len: n, sample_count: Object.fromEntries(counts) };
    return [task, { ...entry, ...numbers(metrics) }] as const;
  });
  const members = rows.map(({ name, result }) => {
    const entry = { name, alias: name, sample_len: result.n };
    return [name, { ...entry, ...numbers(result.metrics) }] as const;
  });
  const better = new Map(tasks.map(({ task, metrics }) => [task, Object.keys(metrics)]));
  return {
    // As lm-eval has it, groups stand in both: its table of tasks shows a group above its members.
    results: Object.fromEntries(
      tasks.flatMap(({ task }, i) => [groups[i]!, ...members.filter((_, at) => rows[at]!.task === task)]),
    ),
    groups: Object.fromEntries(groups),
    group_subtasks: Object.fromEntries(
      tasks.map(({ task, languages }) => [task, languages.map(({ language }) => taskName(task, language))]),
    ),
    configs: of((task) => key.tasks[task]!),
    versions: of(() => key.scorer_version),
    'n-shot': of((task) => key.tasks[task]!.shots),
    higher_is_better: of((task) =>
      Object.fromEntries((better.get(task) ?? []).map((metric) => [metric, true])),
    ),
    'n-samples': Object.fromEntries(
      rows.map(({ name, result }) => [name, { original: result.original, effective: result.n }]),
    ),
  };
}

/** What `simple_evaluate` and the tracker add. */
function circumstances(of: ResultsOf): Record<string, unknown> {
  const { record, model, tokenizer, tasks } = of;
  const { key } = record;
  const [first] = Object.values(key.tasks);
  const token = ([text, id]: [string, number]) => [text, String(id)];
  const time = Date.parse(`${record.date.replace(/T(\d+)-(\d+)-/, 'T$1:$2:')}Z`);
  return {
    config: {
      model: 'isogloss',
      model_args: { path: model.name, compute: key.compute, storage: key.storage },
      model_num_parameters: model.parameters,
      model_dtype: key.compute,
      model_revision: '',
      model_sha: key.weights,
      batch_size: null,
      batch_sizes: [],
      device: of.device,
      use_cache: null,
      limit: first?.limit ?? null,
      bootstrap_iters: 0,
      gen_kwargs: null,
      random_seed: first?.seed ?? 0,
      numpy_seed: first?.seed ?? 0,
      torch_seed: first?.seed ?? 0,
      fewshot_seed: first?.seed ?? 0,
    },
    git_hash: null,
    date: new Float(time / 1000),
    pretty_env_info: `isogloss ${manifest.version}, Node.js ${process.versions.node}, ${process.platform} ${process.arch}`,
    transformers_version: null,
    lm_eval_version: null,
    upper_git_hash: null,
    tokenizer_pad_token: token(tokenizer.pad),
    tokenizer_eos_token: token(tokenizer.eos),
    tokenizer_bos_token: token(tokenizer.bos),
    eot_token_id: tokenizer.eos[1],
    max_length: of.maxLength,
    task_hashes: Object.fromEntries(
      tasks.flatMap(({ task, languages }) =>
        languages.map(({ language, hash }) => [taskName(task, language), hash]),
      ),
    ),
    model_source: 'isogloss',
    model_name: model.name,
    model_name_sanitized: model.name.replace(/["<>:/|\\?*[\]]+/g, '__'),
    system_instruction: null,
    system_instruction_sha: null,
    fewshot_as_multiturn: null,
    chat_template: of.chatTemplate ?? null,
    chat_template_sha: key.chat_template,
    total_evaluation_time_seconds: String(of.seconds),
  };
}

function numbers(metrics: Readonly<Record<string, MetricValue>>): Record<string, Float | string> {
  return Object.fromEntries(
    Object.entries(metrics).flatMap(([name, { mean, stderr }]) => [
      [`${name},none`, number(mean)],
      [`${name}_stderr,none`, number(stderr)],
    ]),
  );
}

/** What is not there is what lm-eval writes for it: its table cannot print null. */
function number(value: number | undefined): Float | string {
  return value === undefined || !Number.isFinite(value) ? 'N/A' : new Float(value);
}

function byKey([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1;
}
