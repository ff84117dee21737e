import type { CommandModule } from 'yargs';

/** `isogloss steer show FILE` */
export const steerShow: CommandModule<object, { file: string }> = {
  command: 'show <file>',
  describe: 'What a vector was made of, and how long it is at each layer',
  builder: (y) => y.positional('file', { type: 'string', demandOption: true, describe: 'A steering vector' }),
  async handler(args) {
    const { showVector } = await import('../steer.ts');
    await showVector(args);
  },
};
