/**
 * How near translations are to each other in a model's hidden states. What belongs here: figures of plain matrices with a
 * vector a sentence, row s of one language translating row s of the other; no tensors, no model, no files.
 */
export { anc } from './anc.ts';
export { cka } from './cka.ts';
export { type CosineGap, cosineGap } from './cosine-gap.ts';
export { type Massive, massiveDims } from './massive-dims.ts';
export { type Matrix, matrix } from './matrix.ts';
export { mexa } from './mexa.ts';
export { type Retrieval, retrieval } from './retrieval.ts';
export { cosines } from './similarity.ts';
export { standardized } from './standardize.ts';
