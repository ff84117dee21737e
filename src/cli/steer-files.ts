/** What `isogloss steer export` and `steer import` do: files of other tools, written and read, and how they are used. */
import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { UserError } from '../errors.ts';
import { tokenizerIdentity } from '../eval/results/index.ts';
import { expandHome, packageRoot } from '../paths.ts';
import { findModel } from '../runs/index.ts';
import { asUserError, exists, makeFolders, replaceFile } from '../runs/run-files.ts';
import {
  ggufControlVector,
  HOOKPOINT,
  HOOKPOINT_WITH_IMAGES,
  importGguf,
  importLmEval,
  llamaCppOptions,
  lmEvalFile,
  lmEvalOptions,
} from '../steering/export/index.ts';
import { languagesOf } from '../steering/rows.ts';
import type { SteeringVector } from '../steering/vector.ts';
import { readVector, requireNewVector, vectorPaths, writeVector } from '../steering/vector-file.ts';
import { createProgress } from './progress.ts';

/** Formats of other tools, by what their files end in. */
export const FORMATS = { gguf: ['.gguf'], 'lm-eval': ['.pt', '.pth', '.csv'] } as const;
export type Format = keyof typeof FORMATS;

/** The command line, as typed. */
export interface ExportArgs {
  file: string;
  format?: Format;
  language?: string;
  layer?: number;
  gamma: number;
  gammaInFile: boolean;
  hookpoint?: string;
  out: string;
}

/** Writes one language of a vector for another tool, and prints how that is told to use it. @throws UserError; nothing is written then */
export async function exportVector(args: ExportArgs): Promise<void> {
  const format = args.format ?? formatOf(args.out, '--out');
  const vector = await readVector(expandHome(args.file), args.file);
  const language = args.language ?? onlyLanguage(vector, args.file);
  const { bytes, use, notes } =
    format === 'gguf' ? forLlamaCpp(vector, language, args) : forLmEval(vector, language, args);
  await writeNew(expandHome(args.out), bytes, args.out);
  for (const note of notes) process.stderr.write(`note: ${note}\n`);
  process.stdout.write(`${args.out}\n${use}\n`);
}

interface ForTool {
  bytes: Uint8Array;
  /** Command line that it is used with. */
  use: string;
  notes: string[];
}

function forLlamaCpp(vector: SteeringVector, language: string, args: ExportArgs): ForTool {
  const { layer, gamma, gammaInFile, hookpoint, out } = args;
  if (hookpoint !== undefined) throw new UserError('--hookpoint is of lm-eval; a control vector has none');
  const printed = gammaInFile ? 1 : gamma;
  const use = llamaCppOptions({
    path: expandHome(out),
    gamma: printed,
    ...(layer === undefined ? {} : { layer }),
  });
  const bytes = ggufControlVector(vector, {
    language,
    ...(layer === undefined ? {} : { layer }),
    ...(gammaInFile ? { gamma } : {}),
  });
  const notes = [
    ...everywhere(vector, 'llama.cpp'),
    'llama.cpp scales embeddings by a square root in float32, transformers by one rounded to the type of the model: hidden states differ a little',
  ];
  if (layer === undefined)
    notes.push(
      `block 0 is left out: llama.cpp refuses direction.0; all others steer at once unless the range names one, LAYER of 1 to ${vector.facts.model.num_hidden_layers - 1}`,
    );
  return { bytes, use: `llama-cli -m MODEL.gguf ${use}`, notes };
}

function forLmEval(vector: SteeringVector, language: string, args: ExportArgs): ForTool {
  const { layer, gamma, gammaInFile, hookpoint = HOOKPOINT, out } = args;
  if (layer === undefined)
    throw new UserError('--layer is needed: lm-eval steers all blocks that a file names at once');
  if (gammaInFile)
    throw new UserError('--gamma-in-file is of gguf; a file of lm-eval always holds its coefficient');
  const use = lmEvalOptions(expandHome(out));
  const bytes = lmEvalFile(vector, { language, layer, gamma, hookpoint });
  const notes = everywhere(vector, 'lm-eval');
  if (args.hookpoint === undefined)
    notes.push(
      `lm-eval is told of the block as ${hookpoint}.${layer}; for a Gemma 3 with images (4B and larger) add --hookpoint ${HOOKPOINT_WITH_IMAGES}`,
    );
  return { bytes, use: `lm_eval ${use} --tasks TASKS`, notes };
}

/** What both tools do, where the vector was meant otherwise. */
function everywhere({ facts }: SteeringVector, tool: string): string[] {
  if (facts.applied_at === 'everywhere') return [];
  return [
    `${tool} steers every token, those of the prompt, too; here the vector is applied from the last token of the prompt on`,
  ];
}

function onlyLanguage(vector: SteeringVector, file: string): string {
  const [first, ...others] = languagesOf(vector);
  if (first !== undefined && others.length === 0) return first;
  throw new UserError({
    file,
    message: `has ${languagesOf(vector).join(', ')}: a file holds one of them, so --language is needed`,
  });
}

/** @throws UserError if there is a file already, or it cannot be written */
async function writeNew(path: string, bytes: Uint8Array, shown: string): Promise<void> {
  if (await exists(path))
    throw new UserError({ file: shown, message: 'there is a file already; name another, or remove it' });
  try {
    await makeFolders(dirname(resolve(path)));
    await replaceFile(path, bytes);
  } catch (error) {
    throw asUserError(error, shown, 'cannot be written');
  }
}

/** The format that a file's ending tells. @throws UserError if it tells none */
function formatOf(path: string, what: string): Format {
  const found = (Object.keys(FORMATS) as Format[]).find((format) =>
    FORMATS[format].some((ending) => path.toLowerCase().endsWith(ending)),
  );
  if (found !== undefined) return found;
  throw new UserError({
    file: path,
    message: `--format is needed, gguf or lm-eval, as ${what} does not end in .gguf or .pt`,
  });
}

/** The command line, as typed. */
export interface ImportArgs {
  file: string;
  format?: Format;
  model: string;
  tokenizer?: string;
  language?: string;
  out: string;
}

/** Makes a vector of another tool's file, for a model. @throws UserError; nothing is written then */
export async function importVector(args: ImportArgs): Promise<void> {
  const format = args.format ?? formatOf(args.file, 'the file');
  const out = expandHome(args.out);
  await requireNewVector(out, args.out);
  const source = await findModel(
    { path: args.model, ...(args.tokenizer === undefined ? {} : { tokenizer: args.tokenizer }) },
    { cwd: process.cwd(), progress: createProgress({ memory: () => 0 }) },
  );
  const { numHiddenLayers, hiddenSize } = source.config;
  const read = format === 'gguf' ? importGguf : importLmEval;
  const model = {
    name: args.model,
    weights: '',
    num_hidden_layers: numHiddenLayers,
    hidden_size: hiddenSize,
  };
  const vector = await read(
    expandHome(args.file),
    {
      model,
      tokenizer: await tokenizerIdentity(source.tokenizer),
      versions: { isogloss: ownVersion(), node: process.versions.node },
      ...(args.language === undefined ? {} : { language: args.language }),
    },
    args.file,
  );
  // The weights are hashed last: what is refused is refused before gigabytes are read.
  const facts = { ...vector.facts, model: { ...model, weights: await source.identity() } };
  await writeVector(out, { ...vector, facts }, args.out);
  process.stdout.write(`${summary(vector, args.out)}\n`);
}

/** What was found, and how it is used. */
function summary(vector: SteeringVector, out: string): string {
  const { derived, model } = vector.facts;
  const [language] = languagesOf(vector) as [string];
  const gammas = derived?.rule === 'imported' ? derived.gammas : {};
  const layers = Object.keys(gammas).map(Number);
  const lines = [
    `${vectorPaths(out).tensors}: ${language === '*' ? 'for all languages' : language}, ${layers.length} of ${model.num_hidden_layers} blocks (${layers.join(' ')})`,
  ];
  for (const [layer, gamma] of Object.entries(gammas))
    if (gamma !== 1)
      lines.push(`block ${layer} has the coefficient ${gamma}: --steer ${out}@${layer}*${gamma}`);
  return lines.join('\n');
}

function ownVersion(): string {
  const manifest = readFileSync(join(packageRoot(), 'package.json'), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}
