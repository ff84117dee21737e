export type { FileDtype, FloatDtype, QuantDtype, SafetensorsDtype } from './dtype.ts';
export { countElements, elementBytes, fromFloat32, isFloatDtype, toFloat32 } from './dtype.ts';
export { readJson, readJsonIfThere } from './json.ts';
export { type ResolvedNames, resolveNames } from './names.ts';
export { INDEX_FILE, openSafetensors, SINGLE_FILE } from './safetensors.ts';
export {
  SHARD_BYTES,
  writeFileSynced,
  writeSafetensors,
  writeSafetensorsDirectory,
} from './safetensors-write.ts';
export type { TensorFile, TensorSource, TensorToWrite } from './tensors.ts';
