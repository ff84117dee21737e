import type { CommandModule } from 'yargs';
import { ensureAddon } from '../../backend/setup/index.ts';

/** `isogloss setup` */
export const setup: CommandModule = {
  command: 'setup',
  describe: 'Get what is missing on this machine: libtorch and the native addon',
  async handler() {
    const say = (line: string): void => void process.stderr.write(`isogloss: ${line}\n`);
    const { missing } = await ensureAddon({ install: true, progress: say });
    if (!missing) return;
    say(`${missing.part} cannot be had: ${missing.reason}`);
    say(`to get it: ${missing.remedy}`);
    const { slowness } = await import('../../backend/plain.ts');
    say(`meanwhile the wasm backend is used: complete, but ${slowness('wasm')}`);
  },
};
