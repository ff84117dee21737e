import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { checkGemma3 } from '../../src/model/index.ts';
import { packageRoot } from '../../src/paths.ts';

const fixture = join(packageRoot(), 'test/fixtures/parity/270m');
let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'isogloss-generation-'));
  cpSync(fixture, dir, { recursive: true });
  const config = JSON.parse(readFileSync(join(dir, 'config.json'), 'utf8'));
  writeFileSync(join(dir, 'config.json'), JSON.stringify({ ...config, eos_token_id: 7 }));
  rmSync(join(dir, 'generation_config.json'));
});
afterEach(() => rmSync(dir, { recursive: true }));

const file = () => join(dir, 'generation_config.json');

it.each<[string, object | undefined, number[]]>([
  ['its list, before config.json', { eos_token_id: [1, 95] }, [1, 95]],
  ['its one id', { eos_token_id: 3 }, [3]],
  ["config.json's where it does not say", { bos_token_id: 2 }, [7]],
  ["config.json's where it says null", { eos_token_id: null }, [7]],
  ["config.json's where there is no such file", undefined, [7]],
])('a text ends with %s', async (_, json, expected) => {
  if (json !== undefined) writeFileSync(file(), JSON.stringify(json));
  const { eosTokenIds, raw } = await checkGemma3(dir);
  expect(eosTokenIds).toEqual(expected);
  expect(raw.eos_token_id).toBe(7);
});

it.each([
  ['is not JSON', '{"eos_token_id": [1,', /generation_config.json: is not JSON/],
  ['holds no object', '[1, 106]', /must hold a JSON object/],
  ['has a text for an id', '{"eos_token_id": "1"}', /"eos_token_id" must be a token id or a list of them/],
  ['has an empty list', '{"eos_token_id": []}', /"eos_token_id" must be/],
  ['has a list with a fraction', '{"eos_token_id": [1, 1.5]}', /"eos_token_id" must be/],
  [
    'names an id without an embedding',
    '{"eos_token_id": [1, 96]}',
    /"eos_token_id" is 96, .* has 96 embeddings/,
  ],
])('is refused when it %s', async (_, text, message) => {
  writeFileSync(file(), text);
  await expect(checkGemma3(dir)).rejects.toThrow(message);
  await expect(checkGemma3(dir)).rejects.toMatchObject({ name: 'UserError' });
});

it('is refused when it cannot be read', async () => {
  mkdirSync(file());
  await expect(checkGemma3(dir)).rejects.toThrow(/generation_config.json: cannot be read/);
});
