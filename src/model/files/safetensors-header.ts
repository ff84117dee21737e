/**
 * The header of a safetensors file: 8 bytes of length, then JSON, then the buffer that its offsets point into.
 *
 * As strict as the Rust reference (https://github.com/huggingface/safetensors): whatever this accepts describes every
 * byte of the buffer exactly once. Nothing is allocated for a tensor before this has passed.
 */

import type { Problem } from '../../errors.ts';
import { UserError } from '../../errors.ts';
import { isRecord } from '../config-reader.ts';
import {
  countElements,
  elementBytes,
  isSafetensorsDtype,
  type SafetensorsDtype,
  safetensorsDtypes,
} from './dtype.ts';
import type { OpenFile } from './positional.ts';

/** MAX_HEADER_SIZE of the reference. */
const LARGEST_HEADER = 100_000_000;
/** Problems shown of one header; a mangled one would list every tensor. */
const PROBLEMS_SHOWN = 20;

export interface HeaderEntry {
  name: string;
  dtype: SafetensorsDtype;
  shape: number[];
  /** First byte, counted from the start of the file. */
  start: number;
  byteLength: number;
}

export interface Header {
  entries: HeaderEntry[];
  metadata: Record<string, string>;
}

/**
 * Reads and checks the header.
 * @throws UserError saying what is wrong with the file
 */
export async function readHeader(file: OpenFile): Promise<Header> {
  const refuse = (message: string): never => {
    throw new UserError({ file: file.path, message });
  };
  if (file.size < 8) refuse(`is no safetensors file: it has ${file.size} bytes.`);
  const prefix = new Uint8Array(8);
  await file.readInto(prefix, 0);
  const length = Number(new DataView(prefix.buffer).getBigUint64(0, true));
  if (length > LARGEST_HEADER)
    refuse(`says that its header has ${length} bytes; at most ${LARGEST_HEADER} are allowed.`);
  if (length < 2 || 8 + length > file.size) {
    refuse(
      `says that its header has ${length} bytes, the file has ${file.size}: cut short, or no safetensors file.`,
    );
  }
  const bytes = new Uint8Array(length);
  await file.readInto(bytes, 8);
  if (bytes[0] !== 0x7b) refuse('is no safetensors file: its header does not begin with "{".');
  let text = '';
  let json: unknown;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    json = JSON.parse(text);
  } catch (error) {
    refuse(`has a header that is not JSON: ${(error as Error).message}.`);
  }
  if (!isRecord(json)) return refuse('has a header that is not a JSON object.');
  const twice = duplicateKey(text);
  if (twice !== undefined) refuse(`names the tensor ${twice} twice.`);
  return checkHeader(json, 8 + length, file);
}

function checkHeader(json: Record<string, unknown>, bufferStart: number, file: OpenFile): Header {
  const problems: Problem[] = [];
  const problem = (message: string) => {
    if (problems.length < PROBLEMS_SHOWN) problems.push({ file: file.path, message });
  };
  const metadata: Record<string, string> = {};
  const entries: HeaderEntry[] = [];
  for (const [name, value] of Object.entries(json)) {
    if (name === '__metadata__') {
      // An absent table, as the reference reads it.
      if (value === null) continue;
      if (isRecord(value) && Object.values(value).every((item) => typeof item === 'string')) {
        Object.assign(metadata, value);
      } else problem('has "__metadata__" that is not a table of strings.');
      continue;
    }
    const entry = checkEntry(name, value, bufferStart, file.size, problem);
    if (entry !== undefined) entries.push(entry);
  }
  if (problems.length === 0) checkCoverage(entries, bufferStart, file.size, problem);
  if (problems.length > 0) throw new UserError(problems);
  return { entries, metadata };
}

function checkEntry(
  name: string,
  value: unknown,
  bufferStart: number,
  fileSize: number,
  problem: (message: string) => void,
): HeaderEntry | undefined {
  const what = `tensor ${shown(name)}`;
  if (!isRecord(value)) return void problem(`${what} is not described by an object.`);
  const { dtype, shape, data_offsets: offsets } = value;
  const isSize = (n: unknown): n is number => typeof n === 'number' && Number.isSafeInteger(n) && n >= 0;
  if (!isSafetensorsDtype(dtype)) {
    return void problem(`${what} has dtype ${shown(dtype)}; known are ${safetensorsDtypes.join(', ')}.`);
  }
  if (!Array.isArray(shape) || shape.length > 16 || !shape.every(isSize)) {
    return void problem(`${what} has shape ${shown(shape)}; a list of sizes is needed.`);
  }
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isSize)) {
    return void problem(`${what} has data_offsets ${shown(offsets)}; [begin, end] is needed.`);
  }
  const [begin, end] = offsets as [number, number];
  const room = fileSize - bufferStart;
  if (begin > end || end > room) {
    return void problem(
      `${what} lies at bytes ${begin}..${end} of a buffer of ${room}: the file is cut short or damaged.`,
    );
  }
  const needed = countElements(shape) * elementBytes(dtype);
  if (needed !== end - begin) {
    return void problem(
      `${what} of ${dtype} ${shown(shape)} needs ${needed} bytes, its data_offsets hold ${end - begin}.`,
    );
  }
  return { name, dtype, shape, start: bufferStart + begin, byteLength: needed };
}

/** The tensors must follow each other without overlap or gap up to the end of the file. */
function checkCoverage(
  entries: HeaderEntry[],
  bufferStart: number,
  fileSize: number,
  problem: (message: string) => void,
): void {
  const sorted = [...entries].sort((a, b) => a.start - b.start || a.byteLength - b.byteLength);
  let position = bufferStart;
  for (const entry of sorted) {
    if (entry.start !== position) {
      const what =
        entry.start < position
          ? 'overlaps the one before it'
          : `leaves ${entry.start - position} bytes unused`;
      problem(`tensor ${shown(entry.name)} ${what}.`);
      return;
    }
    position += entry.byteLength;
  }
  if (position !== fileSize) problem(`has ${fileSize - position} bytes after its last tensor.`);
}

/**
 * The first key that the outermost object has twice, as it is written; JSON.parse would keep the last silently.
 * `text` is known to be JSON, so that strings and brackets are all there is to follow.
 */
function duplicateKey(text: string): string | undefined {
  const seen = new Set<string>();
  let depth = 0;
  const tokens = /"(?:[^"\\]|\\.)*"(\s*:)?|[{}[\]]/gs;
  for (let match = tokens.exec(text); match !== null; match = tokens.exec(text)) {
    const token = match[0];
    if (token === '{' || token === '[') depth++;
    else if (token === '}' || token === ']') depth--;
    else if (depth === 1 && match[1] !== undefined) {
      const key = JSON.parse(token.slice(0, -match[1].length)) as string;
      if (seen.has(key)) return shown(key);
      seen.add(key);
    }
  }
  return undefined;
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'missing';
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}
