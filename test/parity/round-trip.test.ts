/** Load, save, load in transformers: the very model that was there before. */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findPeerPython } from '../../bench/peer-python.ts';
import { startBackend } from '../../src/backend/index.ts';
import { loadGemma3, saveGemma3 } from '../../src/model/index.ts';
import { loadFixtures } from './fixture.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const REAL = process.env.ISOGLOSS_GEMMA3_270M ?? join(homedir(), '.cache/gemma3-270m/hf');
const python = findPeerPython(ROOT);
const why = python ? '' : ' (skipped: no Python with transformers; set ISOGLOSS_PEER_PYTHON)';

describe.skipIf(why)(`a model that is loaded and saved, seen by transformers${why}`, () => {
  let dir: string;
  beforeAll(async () => {
    await startBackend({ name: 'torch', compute: 'float32', storage: 'float32' });
    dir = mkdtempSync(join(tmpdir(), 'isogloss-round-trip-'));
  });
  afterAll(() => rmSync(dir, { recursive: true }));

  const models = [
    ...loadFixtures().map((fixture) => ({
      name: `a tiny model with the rules of ${fixture.name}`,
      path: fixture.dir,
    })),
    { name: `the real 270M${existsSync(REAL) ? '' : ' (skipped: not there)'}`, path: REAL },
  ];
  for (const { name, path } of models) {
    it.skipIf(!existsSync(path))(
      `has equal names and bits: ${name}`,
      async () => {
        const saved = mkdtempSync(join(dir, 'saved-'));
        const { model, ...as } = await loadGemma3(path);
        await saveGemma3(model, saved, as);
        model.dispose();
        cpSync(join(path, 'generation_config.json'), join(saved, 'generation_config.json'));
        const output = execFileSync(python!, [join(ROOT, 'test/parity/round_trip.py'), path, saved], {
          encoding: 'utf8',
          stdio: ['ignore', 'pipe', 'pipe'],
        });
        const answer = JSON.parse(output.trim().split('\n').at(-1)!);
        expect(answer).toMatchObject({ unlike_names: [], different: [], unlike_names_in_files: [] });
        expect(answer.tensors).toBeGreaterThan(20);
      },
      300_000,
    );
  }
});
