/** The number formats of GGUF: their codes in the file and the size of their blocks (ggml.h, GGML_TYPE_*). */

import type { QuantDtype, SafetensorsDtype } from './dtype.ts';

export interface GgmlType {
  name: SafetensorsDtype | QuantDtype;
  /** Values of one block; a row holds whole blocks. */
  blockSize: number;
  blockBytes: number;
}

const plain = (name: SafetensorsDtype, bytes: number): GgmlType => ({
  name,
  blockSize: 1,
  blockBytes: bytes,
});
const blocks = (name: QuantDtype, blockSize: number, blockBytes: number): GgmlType => ({
  name,
  blockSize,
  blockBytes,
});

export const GGML_TYPES: ReadonlyMap<number, GgmlType> = new Map([
  [0, plain('F32', 4)],
  [1, plain('F16', 2)],
  [2, blocks('Q4_0', 32, 18)],
  [3, blocks('Q4_1', 32, 20)],
  [6, blocks('Q5_0', 32, 22)],
  [7, blocks('Q5_1', 32, 24)],
  [8, blocks('Q8_0', 32, 34)],
  [12, blocks('Q4_K', 256, 144)],
  [13, blocks('Q5_K', 256, 176)],
  [14, blocks('Q6_K', 256, 210)],
  [24, plain('I8', 1)],
  [25, plain('I16', 2)],
  [26, plain('I32', 4)],
  [27, plain('I64', 8)],
  [28, plain('F64', 8)],
  [30, plain('BF16', 2)],
]);

/** Formats that are not read, by their codes: to be told by name. */
const UNREAD: ReadonlyMap<number, string> = new Map([
  [4, 'Q4_2'],
  [5, 'Q4_3'],
  [9, 'Q8_1'],
  [10, 'Q2_K'],
  [11, 'Q3_K'],
  [15, 'Q8_K'],
  [16, 'IQ2_XXS'],
  [17, 'IQ2_XS'],
  [18, 'IQ3_XXS'],
  [19, 'IQ1_S'],
  [20, 'IQ4_NL'],
  [21, 'IQ3_S'],
  [22, 'IQ2_S'],
  [23, 'IQ4_XS'],
  [29, 'IQ1_M'],
  [31, 'Q4_0_4_4'],
  [32, 'Q4_0_4_8'],
  [33, 'Q4_0_8_8'],
  [34, 'TQ1_0'],
  [35, 'TQ2_0'],
  [36, 'IQ4_NL_4_4'],
  [37, 'IQ4_NL_4_8'],
  [38, 'IQ4_NL_8_8'],
  [39, 'MXFP4'],
  [40, 'NVFP4'],
]);

/** What to say of tensors of a format that is not read. */
export function unreadType(code: number): string {
  const known = [...GGML_TYPES.values()].map(({ name }) => name).join(', ');
  const name = UNREAD.get(code);
  if (name === undefined) return `the ggml type ${code}; known are ${known}.`;
  return (
    `the format ${name}, which is not read; take a Q4_K_M or Q8_0 file of the model, or its safetensors ` +
    `(read are ${known}).`
  );
}
