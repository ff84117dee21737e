/** What `isogloss generate` does: its options checked, prompts read, text written as it comes, figures at the end. */
import { buffer as readAll } from 'node:stream/consumers';
import { type BackendOptions, memoryInfo, startBackend } from '../backend/index.ts';
import { type Problem, UserError } from '../errors.ts';
import type { StudyKind } from '../eval/study/request.ts';
import { complete } from '../model/index.ts';
import { encodePrompt, requireIds, type Tokenizer, turnEndId } from '../model/tokenizer/index.ts';
import { expandHome } from '../paths.ts';
import { findModel, type StopSignal, watchSignals } from '../runs/index.ts';
import { requireLanguages, requireUnchanged, steeringEdits } from '../steering/edits.ts';
import { requireFit } from '../steering/fit.ts';
import type { SteeringStep } from '../steering/vector.ts';
import { decodeText, readTextFile } from '../text.ts';
import { silent } from '../trainers/progress.ts';
import { count } from './format.ts';
import { createProgress } from './progress.ts';
import type { SteerArgs } from './steer-flags.ts';
import { readSteps } from './steer-steps.ts';

/** The command line, as typed. */
export interface GenerateArgs extends SteerArgs {
  model: string;
  prompt?: string;
  prompts?: string;
  chat: boolean;
  system?: string;
  maxNewTokens: number;
  temperature: number;
  topK: number;
  topP: number;
  seed: number;
  stop: string[];
  batchSize: number;
  tokenizer?: string;
  backend: NonNullable<BackendOptions['name']>;
  compute: NonNullable<BackendOptions['compute']>;
  storage: NonNullable<BackendOptions['storage']>;
  device: string;
  threads?: number;
  /** Whose vector of a file. */
  steerLanguage?: string;
  /** Part of the steps of a study. */
  steering?: StudyKind;
  quiet: boolean;
}

/**
 * Generates. One prompt's text goes to stdout as it comes; those of a file as one JSON object a line.
 *
 * @returns the signal that ended it early, if any
 * @throws UserError for all that can be known to be wrong before weights are read
 */
export async function generateText(args: GenerateArgs): Promise<StopSignal | undefined> {
  requireOptions(args);
  const prompts = args.prompts === undefined ? [await onePrompt(args.prompt)] : promptLines(args.prompts);
  const steps = await readSteps(args, args.steering);
  const language = steeredLanguage(steps, args.steerLanguage);
  const say = (text: string) => void (args.quiet || process.stderr.write(`${text}\n`));
  const progress = args.quiet ? silent : createProgress({ memory: () => memoryInfo().peakBytes });
  const started = performance.now();
  const { config, tokenizer, load, identity } = await findModel(
    { path: args.model, tokenizer: args.tokenizer, seed: args.seed },
    { cwd: process.cwd(), progress },
  );
  const ids = prompts.map((prompt) => encode(tokenizer, prompt, args));
  for (const prompt of ids) requireIds(prompt, config.vocabSize, tokenizer);
  requireRoom(ids, args, config.maxPositionEmbeddings);
  if (steps.length > 0)
    requireFit(steps, {
      ...{ name: args.model, config },
      ...(args.steerAnyWeights ? {} : { weights: await identity() }),
    });
  const edits = steeringEdits(steps);
  const turnEnds = args.chat ? [turnEndId(tokenizer) ?? []].flat() : [];
  const { backend, compute, storage, device, threads = null } = args;
  await startBackend({ name: backend, compute, storage, device, threads }, (text) =>
    progress.message(text, 'warning'),
  );
  const { model } = await load({});
  const loaded = performance.now();
  const signals = watchSignals();
  try {
    const streaming = args.prompts === undefined;
    let last = '';
    const completions = await complete(model, tokenizer, ids, {
      maxNewTokens: args.maxNewTokens,
      temperature: args.temperature,
      topK: args.topK,
      topP: args.topP,
      seed: args.seed,
      batchSize: args.batchSize,
      stopIds: [...config.eosTokenIds, ...turnEnds],
      stopTexts: args.stop,
      ...(steps.length > 0 ? { edits: (fromPromptEnd_BT) => edits(fromPromptEnd_BT, language) } : {}),
      stopped: () => signals.signal !== undefined,
      onText(_, text) {
        if (streaming) process.stdout.write(text);
        last = text;
      },
      onCompletion(i, { text }) {
        if (!streaming) process.stdout.write(`${JSON.stringify({ prompt: prompts[i], completion: text })}\n`);
      },
    });
    requireUnchanged(steps);
    if (streaming && !last.endsWith('\n')) process.stdout.write('\n');
    const seconds = (performance.now() - loaded) / 1000;
    const numNew = completions.reduce((sum, completion) => sum + completion.ids.length, 0);
    const numRead = ids.reduce((sum, prompt) => sum + prompt.length, 0);
    say(
      `${count(numRead)} prompt tokens, ${count(numNew)} new in ${seconds.toFixed(2)} s: ` +
        `${(numNew / seconds).toFixed(1)} tokens/s; loaded in ${((loaded - started) / 1000).toFixed(2)} s`,
    );
    return signals.signal;
  } finally {
    signals.dispose();
    model.dispose();
  }
}

/**
 * The language whose vectors steer: the only one there is, unless told.
 * @throws UserError if that is not clear, or a file does not have it
 */
function steeredLanguage(steps: readonly SteeringStep[], given: string | undefined): string {
  const all = [...new Set(steps.flatMap(({ vector }) => [...vector.vectors_LD.keys()]))].sort();
  const own = all.filter((language) => language !== '*');
  if (given === undefined && own.length > 1)
    throw new UserError(`--steer-language is needed: the vectors are of ${own.join(', ')}`);
  if (given !== undefined && steps.length === 0) throw new UserError('--steer-language needs --steer');
  const language = given ?? own[0] ?? '*';
  requireLanguages(steps, [language]);
  return language;
}

/** Everything wrong with the options, at once. */
function requireOptions(args: GenerateArgs): void {
  const problems: Problem[] = [];
  const check = (name: string, value: unknown, isRight: (value: number) => boolean, allowed: string) => {
    if (typeof value === 'number' && isRight(value)) return;
    const found = Array.isArray(value)
      ? `${value.length} of them`
      : Number.isNaN(value)
        ? 'no number'
        : value;
    problems.push({ message: `--${name} must be ${allowed}, found ${found}` });
  };
  const whole = (least: number) => (value: number) => Number.isSafeInteger(value) && value >= least;
  check('max-new-tokens', args.maxNewTokens, whole(1), 'a whole number of at least 1');
  check('temperature', args.temperature, (t) => t >= 0 && t < Infinity, 'a number of at least 0');
  check('top-k', args.topK, whole(0), 'a whole number of at least 0');
  check('top-p', args.topP, (p) => p > 0 && p <= 1, 'a number above 0 and at most 1');
  check('seed', args.seed, whole(0), 'a whole number of at least 0');
  check('batch-size', args.batchSize, whole(1), 'a whole number of at least 1');
  if (args.threads !== undefined) check('threads', args.threads, whole(1), 'a whole number of at least 1');
  if (args.steering !== undefined && args.steer.length === 0)
    problems.push({
      message: `--steering ${args.steering} needs --steer FOLDER, of \`isogloss eval MODEL --steering ${args.steering}\``,
    });
  if (args.stop.includes('')) problems.push({ message: '--stop must not be empty' });
  if (args.system !== undefined && !args.chat) problems.push({ message: '--system needs --chat' });
  if (args.prompt !== undefined && args.prompts !== undefined)
    problems.push({ message: 'give a prompt or --prompts, not both' });
  if (problems.length > 0) throw new UserError(problems);
}

/** The prompt as given, or all of stdin but its last newline. */
async function onePrompt(given: string | undefined): Promise<string> {
  let prompt = given;
  if (prompt === undefined && process.stdin.isTTY)
    throw new UserError(
      'which prompt? Give it as an argument, on stdin (`-`), or many in a file with --prompts',
    );
  if (prompt === undefined || prompt === '-')
    prompt = decodeText(await readAll(process.stdin), 'stdin').replace(/\r?\n$/, '');
  if (prompt === '') throw new UserError('the prompt is empty');
  return prompt;
}

/** The lines of a file, each a prompt. */
function promptLines(file: string): string[] {
  const text = readTextFile(expandHome(file), file);
  const lines = text.replace(/\r?\n$/, '').split(/\r?\n/);
  const empty = lines.flatMap((line, i) =>
    line === '' ? [{ file, line: i + 1, message: 'the prompt is empty' }] : [],
  );
  if (empty.length > 0) throw new UserError(empty);
  return lines;
}

/** In either form, special tokens that the prompt spells stay text. */
function encode(tokenizer: Tokenizer, prompt: string, { chat, system }: GenerateArgs): number[] {
  if (!chat) return tokenizer.encode(prompt);
  const messages = [{ role: 'user' as const, content: prompt }];
  return encodePrompt(
    tokenizer,
    system === undefined ? messages : [{ role: 'system', content: system }, ...messages],
  );
}

function requireRoom(
  prompts: readonly (readonly number[])[],
  { maxNewTokens, prompts: file }: GenerateArgs,
  positions: number,
): void {
  const problems = prompts.flatMap(({ length }, i): Problem[] => {
    if (length + maxNewTokens <= positions) return [];
    const message =
      `${count(length)} prompt tokens and ${count(maxNewTokens)} new ones are more than the ` +
      `${count(positions)} that the model reads (max_position_embeddings)`;
    return [file === undefined ? { message } : { file, line: i + 1, message }];
  });
  if (problems.length > 0) throw new UserError(problems);
}
