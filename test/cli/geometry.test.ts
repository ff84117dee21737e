/** `isogloss geometry` as a user types it; each command starts a process of its own. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { packageRoot } from '../../src/paths.ts';

const cwd = mkdtempSync(join(tmpdir(), 'isogloss-geometry-cli-'));
afterAll(() => rmSync(cwd, { recursive: true, force: true }));

function geometry(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(packageRoot(), 'scripts/isogloss.mjs'), 'geometry', ...args],
    { encoding: 'utf8', cwd, env: { ...process.env, CI: 'true', NO_COLOR: '1' } },
  );
  return { status, stdout, stderr };
}

describe('isogloss geometry', () => {
  it('prints a line a layer, says how far it is, and names its file', () => {
    const { status, stdout, stderr } = geometry('tiny', '--languages', 'es', '--limit', '6', '--out', 'base');
    expect(stderr).toMatch(/^universal: texts 12 of 12$/m);
    expect(stderr).toMatch(/^universal: language probes 4 of 4$/m);
    expect(status, stderr).toBe(0);
    expect(stdout).toMatch(/^universal: toy, last token of the prompt, en 6 {2}es 6$/m);
    expect(stdout.match(/^ +[0-3] /gm)).toHaveLength(4);
    expect(stdout).toMatch(/geometry: .*base\/geometry\.json\n$/);
    expect(existsSync(join(cwd, 'base/geometry.json'))).toBe(true);
  });

  it('refuses what cannot be, with exit code 2 and nothing written', () => {
    const before = readdirSync(cwd);
    const refused = (message: RegExp, ...args: string[]) => {
      const { status, stdout, stderr } = geometry(...args);
      expect(stderr).toMatch(message);
      expect(stderr.trimEnd().split('\n'), stderr).toHaveLength(1);
      expect([status, stdout]).toEqual([2, '']);
    };
    refused(/^error: there is no task tooy; .* Did you mean toy\?$/m, 'tiny', '--task', 'tooy');
    refused(/^error: --task and --cultural-task are both toy/, 'tiny', '--cultural-task', 'toy');
    refused(/^error: nowhere\/geometry\.json: there is no such file/, 'tiny', '--against', 'nowhere');
    const other = ['tiny', '--languages', 'es', '--limit', '5'];
    refused(/^error: only geometries of the same questions can be compared/, ...other, '--against', 'base');
    refused(
      /^error: base\/geometry\.json: is of another model, or of other questions/,
      ...other,
      '--out',
      'base',
    );
    expect(readdirSync(cwd)).toEqual(before);
  });
});
