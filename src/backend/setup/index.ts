export { buildAddon } from './build.ts';
export { type AddonResult, ensureAddon, type Missing } from './ensure.ts';
export { type AddonStatus, addonStatus } from './status.ts';
export { findTorch, type TorchInstall } from './torch.ts';
