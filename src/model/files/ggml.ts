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
