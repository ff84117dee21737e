/** `eval --steering` as a user types it. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../temporary.ts';
import { type Ended, runCli, startCli } from './run-cli.ts';

const folder = temporaryFolder();
const at = (...names: string[]) => join(folder.path, ...names);
const isogloss = (...args: string[]) => runCli(folder.path, ...args);
const STUDY = [
  ...['eval', 'tiny', '--steering', 'sur', '--languages', 'es,ko', '--limit', '4', '--token-budget', '400'],
  ...['steering.layers=1,2', 'steering.gammas=1', 'steering.controls.random=1', 'dev1_size=4', 'dev2_size=4'],
];

describe('eval --steering sur', () => {
  let first: Ended;
  beforeAll(async () => {
    first = await isogloss(...STUDY, '--out', 'sur');
  });

  it('works from nothing: stages, a table with intervals, and where report and picture are', () => {
    const { status, stdout, stderr } = first;
    expect(status, stderr).toBe(0);
    const stages = [
      'vectors: en of Dev1 of toy',
      'vectors: loc of Dev1',
      'Dev2: ',
      'Test: toy 8 + toy_culture 8',
    ];
    for (const stage of stages) expect(stderr).toContain(stage);
    expect(stdout).toMatch(/^steered by en at layer [12] x 1, loc at layer [12] x 1\n/);
    for (const name of ['none', 'EN@', 'LOC@', 'SUR', 'SUR x0.5', 'SUR x2', 'SUR of another country'])
      expect(stdout).toMatch(new RegExp(`^[o-zA-Z] ${name}`, 'm'));
    expect(stdout).toContain('random directions (1): transfer');
    expect(stdout).toContain('report:  sur/steering.json\npicture: sur/plane.svg\nlayers:  sur/sweep.svg\n');
    expect(readFileSync(at('sur', 'plane.svg'), 'utf8')).toContain('tiny + SUR');
  });

  it('leaves results that compare and plane take', async () => {
    const compared = await isogloss('compare', 'sur/none', 'sur/sur');
    expect(compared.status, compared.stderr).toBe(0);
    expect(compared.stdout).toContain('B differs from A in steering: ');
    const plane = await isogloss(
      'plane',
      'SUR=sur/sur',
      '--baseline',
      'sur/none',
      '--floor',
      'sur/controls/random-1',
    );
    expect(plane.status, plane.stderr).toBe(0);
  });

  it('killed, goes on by the same command to the same report', async () => {
    const { process: child, ended } = startCli(folder.path, [...STUDY, '--out', 'killed']);
    const isUnderWay = () =>
      existsSync(at('killed', 'none')) &&
      readdirSync(at('killed', 'none')).some((name) => name.startsWith('samples_'));
    const watch = setInterval(() => {
      if (isUnderWay()) child.kill('SIGKILL');
    }, 5);
    await ended;
    clearInterval(watch);
    expect(existsSync(at('killed', 'steering.json'))).toBe(false);
    const again = await isogloss(...STUDY, '--out', 'killed');
    expect(again.status, again.stderr).toBe(0);
    expect(again.stderr).toContain('killed/vectors/en is there');
    const report = (name: string) => readFileSync(at(name, 'steering.json'), 'utf8');
    expect(report('killed')).toBe(report('sur'));
  });

  it('refuses what cannot be, all at once, with nothing written', async () => {
    const cases: [string[], string[]][] = [
      [
        ['--steering', 'srt', '--limit', '0', 'steering.gammas=0', 'steering.layer=2'],
        [
          '--limit 0: limit must be a whole number above 0 or null, found 0',
          '--steering srt: steering.kind must be one of none, en, loc, sur, found "srt"',
          'override steering.gammas=0: steering.gammas.0: 0 steers nothing, found 0',
          'override steering.layer=2: unknown key steering.layer. Did you mean layers?',
        ],
      ],
      [
        ['--steering', 'sur', '--tasks', 'bmlama', '--split', 'dev2', '--every-checkpoint'],
        [
          '--steering sur: steering needs a cultural task, such as blend, blend_annotations, toy_culture, among the tasks: bmlama',
          '--split dev2: steering reports Test: split must be test or left out',
          '--every-checkpoint: steering is of one checkpoint: name its folder, or the run for the newest',
        ],
      ],
      [
        ['--steering', 'sur', '--steer', 'en@1'],
        ['--steer en@1 names a vector, and --steering makes and places its own: give one of the two'],
      ],
      [
        ['--steering', 'sur', 'steering.en.layer=4', 'steering.layers=1,8'],
        [
          'steering.en.layer: there is no layer 4: tiny has 4, 0 to 3',
          'steering.layers: there is no layer 8: tiny has 4, 0 to 3',
        ],
      ],
      [
        ['--steering', 'loc', '--languages', 'en'],
        ['steering is of languages other than English; name some with --languages'],
      ],
    ];
    for (const [args, messages] of cases) {
      const { status, stdout, stderr } = await isogloss('eval', 'tiny', ...args, '--out', 'no');
      expect([status, stdout], stderr).toEqual([2, '']);
      expect(stderr.trim().split('\n').sort()).toEqual(messages.map((text) => `error: ${text}`).sort());
    }
    expect(existsSync(at('no'))).toBe(false);
    const other = await isogloss(...STUDY, 'steering.gammas=2', '--out', 'sur');
    expect([other.status, other.stdout]).toEqual([2, '']);
    expect(other.stderr).toContain(
      'error: sur: holds another study of steering, and this one has gammas: [2], not [1]; name another folder\n',
    );
  });

  it('steers generation, by all or by a part', async () => {
    // Random weights of another seed than evaluations have, so that vectors are not of them.
    const say = (...args: string[]) =>
      isogloss('generate', 'tiny', '--max-new-tokens', '8', '--steer-any-weights', ...args, 'Hola');
    const [plain, both, part] = [
      await say(),
      await say('--steer', 'sur', '--steer-language', 'es'),
      await say('--steer', 'sur/steering.json', '--steering', 'en', '--steer-language', 'es'),
    ];
    for (const { status, stderr } of [plain, both, part]) expect(status, stderr).toBe(0);
    expect(both.stdout).not.toBe(plain.stdout);
    const without = await say('--steering', 'en');
    expect(without.stderr).toBe(
      'error: --steering en needs --steer FOLDER, of `isogloss eval MODEL --steering en`\n',
    );
  });
});
