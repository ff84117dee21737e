export { registerElementwise } from './elementwise.ts';
export { registerMatmul } from './matmul.ts';
export { registerReduce } from './reduce.ts';
export { registerShape } from './shape.ts';
