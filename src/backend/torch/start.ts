/** Makes the loaded addon a backend of TensorFlow.js. */
import * as tf from '../tfjs.ts';
import { TorchBackend } from './backend.ts';
import { registerElementwise, registerMatmul, registerReduce, registerShape } from './kernels/index.ts';
import { BACKEND_NAME } from './register.ts';

let registered = false;

/** Registers the backend and its kernels. Idempotent. */
export function registerTorch(): void {
  if (registered) return;
  registered = true;
  registerElementwise();
  registerMatmul();
  registerReduce();
  registerShape();
  tf.registerBackend(BACKEND_NAME, () => new TorchBackend(), 5);
}
