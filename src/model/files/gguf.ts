/** GGUF seen as any other weight file: Hugging Face's names and values, quantised or not. */

import { UserError } from '../../errors.ts';
import { dequantize } from './dequantize.ts';
import { countElements, isFloatDtype, type QuantDtype, toFloat32 } from './dtype.ts';
import { type GgufHeader, type GgufTensor, type GgufValue, readGgufHeader } from './gguf-header.ts';
import { checkParts, partPaths } from './gguf-split.ts';
import { type OpenFile, openFile } from './positional.ts';
import type { TensorFile, TensorSource } from './tensors.ts';

export interface GgufFile extends TensorFile {
  /** All metadata with its types; `metadata` has the texts among it. */
  values: ReadonlyMap<string, GgufValue>;
  /** Paths of all files it is in: more than one when it is split. */
  parts: readonly string[];
}

/** Names of llama.cpp's `gemma3` architecture inside of a block -> Hugging Face's. */
const IN_BLOCK: Record<string, string> = {
  attn_norm: 'input_layernorm',
  attn_q: 'self_attn.q_proj',
  attn_k: 'self_attn.k_proj',
  attn_v: 'self_attn.v_proj',
  attn_q_norm: 'self_attn.q_norm',
  attn_k_norm: 'self_attn.k_norm',
  attn_output: 'self_attn.o_proj',
  post_attention_norm: 'post_attention_layernorm',
  ffn_norm: 'pre_feedforward_layernorm',
  ffn_gate: 'mlp.gate_proj',
  ffn_up: 'mlp.up_proj',
  ffn_down: 'mlp.down_proj',
  post_ffw_norm: 'post_feedforward_layernorm',
};
const OUTSIDE: Record<string, string> = {
  'token_embd.weight': 'model.embed_tokens.weight',
  'output_norm.weight': 'model.norm.weight',
  'output.weight': 'lm_head.weight',
};

export function isGguf(path: string): boolean {
  return path.toLowerCase().endsWith('.gguf');
}

/**
 * Opens a GGUF file, with all its parts when it is the first of several; only headers are read. Tensors have the names of a text-only Hugging Face checkpoint (those that
 * have none there keep theirs), and norm weights lose the 1 that llama.cpp adds to them.
 * @throws UserError when it is no sound GGUF file, or a part is missing
 */
export async function openGguf(path: string): Promise<GgufFile> {
  const files: OpenFile[] = [];
  const close = async () => {
    for (const file of files) await file.close();
  };
  const read = async (part: string): Promise<GgufHeader> => {
    files.push(await openFile(part));
    return readGgufHeader(files.at(-1)!);
  };
  try {
    const first = await read(path);
    const parts = partPaths(path, first);
    const headers = [first];
    for (const part of parts.slice(1)) headers.push(await read(part));
    checkParts(parts, headers);
    const tensors = new Map<string, TensorSource>();
    for (const [i, header] of headers.entries()) {
      for (const tensor of header.tensors) {
        const name = huggingFaceName(tensor.name);
        tensors.set(name, source(files[i]!, tensor, name));
      }
    }
    const metadata: Record<string, string> = {};
    for (const [key, value] of first.metadata) if (typeof value === 'string') metadata[key] = value;
    return { path, parts, tensors, metadata, values: first.metadata, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Paths of all files that a GGUF is in. @throws UserError as `openGguf` does */
export async function ggufParts(path: string): Promise<readonly string[]> {
  const file = await openGguf(path);
  await file.close();
  return file.parts;
}

function huggingFaceName(name: string): string {
  const [, layer, kind] = /^blk\.(\d+)\.(\w+)\.weight$/.exec(name) ?? [];
  if (kind !== undefined && Object.hasOwn(IN_BLOCK, kind))
    return `model.layers.${layer}.${IN_BLOCK[kind]}.weight`;
  return Object.hasOwn(OUTSIDE, name) ? OUTSIDE[name]! : name;
}

function source(file: OpenFile, tensor: GgufTensor, name: string): TensorSource {
  const { type, shape, start, byteLength } = tensor;
  const count = countElements(shape);
  const raw = async (offset: number, into: Uint8Array) => {
    if (offset < 0 || offset + into.byteLength > byteLength)
      throw new RangeError(`range outside of tensor ${name}`);
    await file.readInto(into, start + offset);
    return into;
  };
  // llama.cpp multiplies by the stored weight, transformers by 1 + weight.
  const isNorm = name.endsWith('norm.weight');
  const readFloat32Into = async (first: number, into: Float32Array) => {
    const bytes = await raw(
      (first / type.blockSize) * type.blockBytes,
      new Uint8Array((into.length / type.blockSize) * type.blockBytes),
    );
    if (isFloatDtype(type.name)) into.set(toFloat32(bytes, type.name));
    else if (type.blockSize > 1) dequantize(bytes, type.name as QuantDtype, into);
    else {
      throw new UserError({
        file: file.path,
        message: `tensor ${tensor.name} is ${type.name}; weights must be real numbers.`,
      });
    }
    if (isNorm) for (let i = 0; i < into.length; i++) into[i]! -= 1;
    return into;
  };
  const readFloat32 = () => readFloat32Into(0, new Float32Array(count));
  const plain = { name, dtype: type.name, shape, byteLength, file: file.path };
  if (!isNorm) {
    const read = () => raw(0, new Uint8Array(byteLength));
    return { ...plain, read, readRange: raw, readFloat32, readFloat32Into };
  }
  const read = async () => new Uint8Array((await readFloat32()).buffer);
  const readRange = async (offset: number, into: Uint8Array) => {
    into.set((await read()).subarray(offset, offset + into.byteLength));
    return into;
  };
  return { ...plain, dtype: 'F32', byteLength: count * 4, read, readRange, readFloat32, readFloat32Into };
}
