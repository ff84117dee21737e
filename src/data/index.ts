export { chunk, collate, type MicroBatch } from './collate.ts';
export { type Dataset, type EncodeOptions, type Example, encodeRows } from './encode.ts';
export { DEFAULT_TREE_OPTIONS, type TreeOptions } from './oasst.ts';
export { createOrder, type Order, permutation, type StepRows, shuffled } from './order.ts';
export { hashFile, type ReadOptions, readSource, type Source } from './read.ts';
export type { Place, Row, RowContent } from './row.ts';
export { type Split, splitRows } from './split.ts';
export { TOY, TOY_LANGUAGES, toyRows } from './toy.ts';
export { commonPrefix, type Piece, packTree, type TreeBatch } from './tree.ts';
