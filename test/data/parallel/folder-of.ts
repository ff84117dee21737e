import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { temporaryFolder } from '../../temporary.ts';

/** Writes files into a new folder inside of one that is gone after the tests; gives its name and where it is. */
export function folders(): (files: Record<string, string | Uint8Array>) => { name: string; cwd: string } {
  const temporary = temporaryFolder();
  let count = 0;
  return (files) => {
    const name = `set-${count++}`;
    for (const [file, content] of Object.entries(files)) {
      const path = join(temporary.path, name, file);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, content);
    }
    return { name, cwd: temporary.path };
  };
}

/** A file of jsonl. */
export const jsonl = (...rows: unknown[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join('');
