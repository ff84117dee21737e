import type { CommandModule } from 'yargs';

interface Args {
  json: boolean;
}

/** `isogloss env` */
export const env: CommandModule<object, Args> = {
  command: 'env',
  describe: 'Show what computes here and why: backend, torch, CPU, number types, versions',
  builder: (y) => y.option('json', { type: 'boolean', default: false, describe: 'As JSON' }),
  async handler({ json }) {
    const { environment } = await import('../environment.ts');
    const rows = await environment();
    const width = Math.max(...rows.map(([label]) => label.length));
    process.stdout.write(
      json
        ? `${JSON.stringify(Object.fromEntries(rows), undefined, 2)}\n`
        : rows.map(([label, text]) => `${label.padEnd(width)}  ${text}\n`).join(''),
    );
  },
};
