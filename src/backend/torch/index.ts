export { addon, addonIsLoaded, loadAddon, STORAGE, type Storage } from './addon.ts';
export { TorchBackend, type TorchMemory, torchBackend } from './backend.ts';
export { BACKEND_NAME } from './register.ts';
export { registerTorch } from './start.ts';
