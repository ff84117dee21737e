/** Evaluations that are killed without warning, again and again, and must end as if nothing had been. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { beforeAll, expect, it } from 'vitest';
import { bundleOptions } from '../../../scripts/bundle-options.mjs';
import { temporaryFolder } from '../../temporary.ts';

const folder = temporaryFolder();
const driver = () => join(folder.path, 'kill-driver.mjs');
const ITEMS = 120;
/** ISOGLOSS_KILLS asks for more: the 30. */
const KILLS = Number(process.env.ISOGLOSS_KILLS ?? 6);

beforeAll(async () => {
  await build({
    ...bundleOptions,
    entryPoints: [join(import.meta.dirname, 'kill-driver.ts')],
    outfile: driver(),
    logLevel: 'error',
  });
});

/** Runs the driver, killed `delay` ms after its first line; the signal that ended it, or its exit code. */
async function evaluate(dir: string, delay?: number): Promise<NodeJS.Signals | number> {
  const args = [driver(), dir, String(ITEMS), '3'];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const end = once(child, 'close');
  if (delay !== undefined) child.stdout.once('data', () => setTimeout(() => child.kill('SIGKILL'), delay));
  child.stdout.resume();
  const [code, signal] = await end;
  return signal ?? code;
}

it(`has the files of an undisturbed evaluation after ${KILLS} kills`, async () => {
  const [whole, killed] = [join(folder.path, 'whole'), join(folder.path, 'killed')];
  expect(await evaluate(whole)).toBe(0);
  let kills = 0;
  // Each kill a little later than the one before, so that some come before, in and between batches.
  for (let n = 0; n < KILLS; n++) if ((await evaluate(killed, (n * 7) % 11)) === 'SIGKILL') kills++;
  expect(kills).toBeGreaterThan(0);
  expect(await evaluate(killed)).toBe(0);
  const files = readdirSync(whole);
  expect(readdirSync(killed)).toEqual(files);
  expect(files).toHaveLength(4);
  for (const file of files)
    expect(readFileSync(join(killed, file)).equals(readFileSync(join(whole, file))), file).toBe(true);
}, 60_000);
