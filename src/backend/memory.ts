/** Bytes in use: exact on the torch backend, TensorFlow.js' own count elsewhere. */
import * as tf from './tfjs.ts';
import { addon, TorchBackend } from './torch/index.ts';

export interface MemoryInfo {
  /** Bytes of live tensors. */
  bytes: number;
  /** Highest since the start or `resetPeakMemory`; on other backends the same as `bytes`. */
  peakBytes: number;
  numTensors: number;
}

export function memoryInfo(): MemoryInfo {
  const { numTensors, numBytes } = tf.memory();
  const backend = tf.backend();
  if (!(backend instanceof TorchBackend)) return { bytes: numBytes, peakBytes: numBytes, numTensors };
  const { bytesInUse, peakBytes } = backend.memory();
  return { bytes: bytesInUse, peakBytes, numTensors };
}

/** Lets the peak start again from what is in use now. */
export function resetPeakMemory(): void {
  if (tf.backend() instanceof TorchBackend) addon().resetPeak();
}
