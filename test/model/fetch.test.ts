import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { parseHubId } from '../../src/hub/index.ts';
import { fetchModel, fetchTokenizer } from '../../src/model/fetch.ts';
import { packageRoot } from '../../src/paths.ts';
import { findModel } from '../../src/runs/model-source.ts';
import { COMMIT, gitHash, type Seen, sha256, startHub, type TestHub } from '../hub/server.ts';

const read = (path: string) => readFileSync(join(packageRoot(), path));
const weights = read('test/fixtures/parity/270m/model.safetensors');
const modelFiles = () =>
  new Map<string, Buffer>([
    ['.gitattributes', Buffer.from('*.bin filter=lfs')],
    ['README.md', Buffer.from('# A model')],
    ['config.json', read('test/fixtures/parity/270m/config.json')],
    ['model.safetensors', weights],
    ['pytorch_model.bin', Buffer.from('a pickle')],
    ['tokenizer.json', read('data/tiny/tokenizer.json')],
    ['tokenizer_config.json', read('data/tiny/tokenizer_config.json')],
  ]);

let hub: TestHub;
let home: string;
beforeEach(async () => {
  hub = await startHub(modelFiles());
  home = mkdtempSync(join(tmpdir(), 'isogloss-hub-'));
  for (const name of [
    'HF_TOKEN',
    'HUGGING_FACE_HUB_TOKEN',
    'HF_TOKEN_PATH',
    'HF_HUB_OFFLINE',
    'TRANSFORMERS_OFFLINE',
  ])
    vi.stubEnv(name, '');
  const proxies = ['http_proxy', 'https_proxy', 'all_proxy'].flatMap((name) => [name, name.toUpperCase()]);
  for (const name of ['HF_HUB_CACHE', 'HUGGINGFACE_HUB_CACHE', ...proxies]) vi.stubEnv(name, undefined);
  vi.stubEnv('HF_HOME', home);
  vi.stubEnv('HF_ENDPOINT', `${hub.url}/`);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await hub.close();
  rmSync(home, { recursive: true });
});

const get = (id = 'org/name', options = {}) =>
  fetchModel(parseHubId(id)!, { attempts: 1, wait: 1, ...options });
const cache = (...parts: string[]) => join(home, 'hub', 'models--org--name', ...parts);
const asked = (seen: readonly Seen[]) => seen.map(({ path }) => path.split('/').at(-1));
const partial = () => cache('blobs', `${sha256(weights)}.incomplete`);

describe('a model by its name', () => {
  it('comes into the layout of the cache, and only what is needed of it', async () => {
    const dir = await get();
    expect(dir).toBe(cache('snapshots', COMMIT));
    expect(readdirSync(dir).sort()).toEqual([
      'config.json',
      'model.safetensors',
      'tokenizer.json',
      'tokenizer_config.json',
    ]);
    expect(readFileSync(cache('refs', 'main'), 'utf8')).toBe(COMMIT);
    expect(readdirSync(cache('blobs')).sort()).toEqual(
      readdirSync(dir)
        .map((name) => (name.endsWith('s') ? sha256 : gitHash)(hub.files.get(name)!))
        .sort(),
    );
    expect(readlinkSync(join(dir, 'model.safetensors'))).toBe(join('../../blobs', sha256(weights)));
    expect(readFileSync(join(dir, 'model.safetensors'))).toEqual(weights);
    expect(asked(hub.seen)).not.toContain('pytorch_model.bin');
  });

  it('is asked for once: after that nothing is', async () => {
    await get();
    hub.seen.length = 0;
    expect(await get()).toBe(cache('snapshots', COMMIT));
    expect(hub.seen).toEqual([]);
  });

  it('is found wherever a model is taken, and shows how far it is', async () => {
    const progress: number[] = [];
    const source = await findModel(
      { path: 'org/name@v1' },
      {
        cwd: home,
        progress: { message: () => {}, downloading: ({ done, total }) => progress.push(done / total) },
      },
    );
    expect(source.config.hiddenSize).toBeGreaterThan(0);
    expect(source.tokenizer.vocabSize).toBe(512);
    expect(progress.at(-1)).toBe(1);
    expect(progress).toEqual([...progress].sort((a, b) => a - b));
  });

  it('has revisions: branches and tags leave a ref, a commit needs none', async () => {
    await get('org/name@v1');
    expect(readdirSync(cache('refs'))).toEqual(['v1']);
    hub.seen.length = 0;
    await get(`org/name@${COMMIT}`);
    expect(hub.seen).toEqual([]);
  });

  it('comes in shards when it has an index, those that the index names', async () => {
    const shards = ['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors'];
    hub.files.delete('model.safetensors');
    for (const [i, name] of shards.entries()) hub.files.set(name, weights.subarray(i, 1000));
    hub.files.set('other.safetensors', weights);
    const index = { weight_map: { a: shards[0], b: shards[1], c: shards[0] } };
    hub.files.set('model.safetensors.index.json', Buffer.from(JSON.stringify(index)));
    const dir = await get();
    expect(readdirSync(dir)).toEqual(expect.arrayContaining([...shards, 'model.safetensors.index.json']));
    expect(readdirSync(dir)).not.toContain('other.safetensors');
    hub.seen.length = 0;
    rmSync(join(dir, shards[1]!));
    await get();
    expect(asked(hub.seen)).not.toContain(shards[1]); // its blob is there: only the link was missing
    expect(existsSync(join(dir, shards[1]!))).toBe(true);
  });
});

describe('what other programs need of a model', () => {
  const companions = [
    'added_tokens.json',
    'additional_chat_templates/tools.jinja',
    'chat_template.jinja',
    'chat_template.json',
    'generation_config.json',
    'preprocessor_config.json',
    'processor_config.json',
    'special_tokens_map.json',
    'video_preprocessor_config.json',
  ];

  it('comes with it, and nothing that a training left', async () => {
    for (const name of companions) hub.files.set(name, Buffer.from(`{"is": "${name}"}`));
    for (const name of ['trainer_state.json', 'all_results.json', 'additional_chat_templates/x.py'])
      hub.files.set(name, Buffer.from('{}'));
    const dir = await get();
    for (const name of companions) expect(readFileSync(join(dir, name)), name).toEqual(hub.files.get(name));
    expect(readdirSync(dir).filter((name) => /_(state|results)/.test(name))).toEqual([]);
    expect(readdirSync(join(dir, 'additional_chat_templates'))).toEqual(['tools.jinja']);
  });

  it('is fetched for a multimodal model that is in the cache without, from the commit that is there', async () => {
    const config = JSON.parse(String(hub.files.get('config.json')));
    hub.files.set('config.json', Buffer.from(JSON.stringify({ ...config, vision_config: {} })));
    hub.files.set('preprocessor_config.json', Buffer.from('{}'));
    const dir = await get();
    rmSync(join(dir, 'preprocessor_config.json'));
    hub.seen.length = 0;
    await get();
    expect(readdirSync(dir)).toContain('preprocessor_config.json');
    expect(asked(hub.seen)).not.toContain('main');
    rmSync(join(dir, 'preprocessor_config.json'));
    const warnings: string[] = [];
    vi.stubEnv('HF_HUB_OFFLINE', '1');
    expect(await get('org/name', { onWarning: (text: string) => warnings.push(text) })).toBe(dir);
    expect(warnings.join()).toMatch(
      /^the cache has org\/name without its preprocessor_config.json, which checkpoints will lack, too: .* HF_HUB_OFFLINE/,
    );
  });

  it('is no adapter, which would not be applied', async () => {
    hub.files.set('adapter_config.json', Buffer.from('{}'));
    await expect(get()).rejects.toThrow(/^org\/name: holds an adapter .*merge it into its model/);
    hub.files.delete('model.safetensors');
    await expect(get()).rejects.toThrow(/holds an adapter/);
  });
});

describe('a tokenizer by the name of its model', () => {
  const tokenizerOf = (id = 'org/name') => fetchTokenizer(parseHubId(id)!, { attempts: 1, wait: 1 });

  it('comes without the weights, and is found in the cache afterwards, offline too', async () => {
    const dir = await tokenizerOf();
    expect(readdirSync(dir).sort()).toEqual(['tokenizer.json', 'tokenizer_config.json']);
    vi.stubEnv('HF_HUB_OFFLINE', '1');
    hub.seen.length = 0;
    expect(await tokenizerOf()).toBe(dir);
    expect(hub.seen).toEqual([]);
    await expect(tokenizerOf('org/other')).rejects.toThrow(
      /^the tokenizer of org\/other is not in the cache .* and HF_HUB_OFFLINE is set/,
    );
    await expect(get()).rejects.toThrow(/not in the cache .* as a whole/);
  });

  it('serves a model in a directory or the built-in one', async () => {
    const find = (tokenizer: string) => findModel({ path: 'tiny', tokenizer }, { cwd: home });
    expect((await find('org/name@v1')).tokenizer.path).toBe(cache('snapshots', COMMIT, 'tokenizer.json'));
    mkdirSync(join(home, 'tok'));
    await expect(find('tik')).rejects.toThrow(
      'tik: there is no such tokenizer; a tokenizer is a directory with tokenizer.json or tokenizer.model, such a file itself, a .gguf file, or an id of the hub (google/gemma-3-270m). Did you mean tok?',
    );
  });

  it('is refused when there is none', async () => {
    hub.files.delete('tokenizer.json');
    await expect(tokenizerOf()).rejects.toThrow(
      /^org\/name has no tokenizer.json or tokenizer.model. It has /,
    );
    expect(existsSync(cache('refs'))).toBe(false);
  });
});

describe('a cache that cannot be read', () => {
  it.each([
    ['the note of a revision', () => cache('refs', 'main')],
    ['the config of a model', () => cache('snapshots', COMMIT, 'config.json')],
    ['the token', () => join(home, 'token')],
  ])('is an error that names %s', async (what, path) => {
    if (!what.includes('token')) await get();
    rmSync(path(), { force: true });
    mkdirSync(path(), { recursive: true }); // a directory cannot be read as a file, whoever asks
    await expect(get()).rejects.toThrow(new RegExp(`^${path()}: .*cannot be read: EISDIR`));
  });
});

describe('a model that is on the disk already', () => {
  /** As huggingface_hub leaves it. */
  function putIntoCache(names: readonly string[]): void {
    for (const folder of ['refs', 'blobs', `snapshots/${COMMIT}`])
      mkdirSync(cache(folder), { recursive: true });
    writeFileSync(cache('refs', 'main'), COMMIT);
    for (const name of names) {
      writeFileSync(cache('blobs', gitHash(hub.files.get(name)!)), hub.files.get(name)!);
      symlinkSync(join('../../blobs', gitHash(hub.files.get(name)!)), cache('snapshots', COMMIT, name));
    }
  }

  it('is found, offline too', async () => {
    putIntoCache(['config.json', 'model.safetensors', 'tokenizer.json']);
    vi.stubEnv('HF_HUB_OFFLINE', '1');
    expect(await get()).toBe(cache('snapshots', COMMIT));
    expect(hub.seen).toEqual([]);
  });

  it('is found where HF_HUB_CACHE says', async () => {
    vi.stubEnv('HF_HUB_CACHE', join(home, 'elsewhere'));
    expect(await get()).toBe(join(home, 'elsewhere/models--org--name/snapshots', COMMIT));
  });

  it('gets the tokenizer that it lacks, and does without one offline', async () => {
    putIntoCache(['config.json', 'model.safetensors']);
    vi.stubEnv('HF_HUB_OFFLINE', 'YES');
    expect(await get()).toBe(cache('snapshots', COMMIT));
    vi.stubEnv('HF_HUB_OFFLINE', '0');
    expect(readdirSync(await get())).toContain('tokenizer.json');
  });

  it('is refused offline when it is not there as a whole', async () => {
    vi.stubEnv('HF_HUB_OFFLINE', '1');
    await expect(get()).rejects.toThrow(
      /^org\/name is not in the cache \(.*hub\) and HF_HUB_OFFLINE is set$/,
    );
    putIntoCache(['config.json', 'tokenizer.json']);
    await expect(get()).rejects.toThrow(/not in the cache .* as a whole and HF_HUB_OFFLINE/);
    expect(hub.seen).toEqual([]);
  });
});

describe('a token', () => {
  it.each<[string, () => void]>([
    ['HF_TOKEN', () => vi.stubEnv('HF_TOKEN', 'hf_secret')],
    ["the token file of Hugging Face's tools", () => writeFileSync(join(home, 'token'), 'hf_secret\n')],
  ])('from %s goes to the hub, never to where it redirects', async (_, give) => {
    give();
    hub.behaviour.gatedFor = 'hf_secret';
    await get();
    const [atHub, atStorage] = ['hub', 'storage'].map((at) =>
      hub.seen.filter((request) => request.at === at),
    );
    expect(new Set(atHub!.map(({ authorization }) => authorization))).toEqual(new Set(['Bearer hf_secret']));
    expect(atStorage).toHaveLength(1);
    expect(atStorage![0]!.authorization).toBeUndefined();
  });

  it('is asked for when the model is gated, or is said to be of no use', async () => {
    hub.behaviour.gatedFor = 'hf_other';
    await expect(get()).rejects.toThrow(
      `org/name is gated: accept its licence at ${hub.url}/org/name, then set HF_TOKEN to a token of yours (${hub.url}/settings/tokens)`,
    );
    vi.stubEnv('HF_TOKEN', 'hf_secret');
    await expect(get()).rejects.toThrow(
      /org\/name is gated, and your token gives no access: accept its licence/,
    );
  });
});

describe('what is not there', () => {
  it('is said to be so: a model, a revision', async () => {
    await expect(get('org/nane')).rejects.toThrow(`there is no model org/nane here or at ${hub.url}`);
    await expect(get('org/name@v9')).rejects.toThrow(`org/name has no revision v9 at ${hub.url}`);
    expect(existsSync(cache('snapshots'))).toBe(false);
  });

  it('may be private: the hub answers 401 to who has no token', async () => {
    hub.behaviour.answer = { status: 401, code: 'RepoNotFound' };
    await expect(get()).rejects.toThrow(
      /there is no model org\/name .*, or it is private: then set HF_TOKEN/,
    );
  });

  it('is a model without safetensors; what there is instead is named', async () => {
    hub.files.delete('model.safetensors');
    await expect(get()).rejects.toThrow(
      /org\/name has no config.json with safetensors. It has .*config.json/,
    );
    hub.files.set('model-q4.gguf', Buffer.from('GGUF'));
    await expect(get()).rejects.toThrow(/It has model-q4.gguf: download one and give its path/);
  });

  it('is the hub itself, or it is no hub', async () => {
    hub.behaviour.answer = { status: 503 };
    await expect(get()).rejects.toThrow(
      /org\/name is not in the cache, and .* answers 503 Service Unavailable/,
    );
    hub.behaviour.answer = { status: 200, body: '<html>log in' };
    await expect(get()).rejects.toThrow(
      /does not answer as a Hugging Face hub does when asked for org\/name/,
    );
    vi.stubEnv('HF_ENDPOINT', 'http://127.0.0.1:1');
    await expect(get()).rejects.toThrow(/not in the cache, and http:\/\/127.0.0.1:1 cannot be reached: /);
  });
});

describe('a connection that is cut', () => {
  it('is told, and the next attempt goes on from there', async () => {
    hub.behaviour = { cutAfter: 1000 };
    await expect(get()).rejects.toThrow(
      /^org\/name\/model.safetensors: the download broke off after 1000 of \d+ bytes \(.+\); what has come is kept: the same command goes on from there$/,
    );
    expect(statSync(partial()).size).toBe(1000);
    expect(existsSync(cache('refs'))).toBe(false);
    hub.behaviour = {};
    const dir = await get();
    expect(hub.seen.at(-1)!.range).toBe('bytes=1000-');
    expect(readFileSync(join(dir, 'model.safetensors'))).toEqual(weights);
    expect(hub.sent).toBe(weights.length);
    expect(existsSync(partial())).toBe(false);
  });

  it('is taken up again by itself, as long as something comes', async () => {
    hub.behaviour = { cutAfter: 3000, cuts: 4 };
    const dir = await get('org/name', { attempts: 2 });
    expect(readFileSync(join(dir, 'model.safetensors'))).toEqual(weights);
    expect(hub.sent).toBe(weights.length);
  });

  it('means starting over at a server that knows no ranges', async () => {
    hub.behaviour = { cutAfter: 1000, cuts: 1, ignoresRange: true };
    const dir = await get('org/name', { attempts: 2 });
    expect(readFileSync(join(dir, 'model.safetensors'))).toEqual(weights);
    expect(hub.sent).toBe(weights.length + 1000);
  });

  it('leaves nothing to ask for when all bytes had come', async () => {
    mkdirSync(cache('blobs'), { recursive: true });
    writeFileSync(partial(), weights);
    await get();
    expect(hub.seen.some(({ at }) => at === 'storage')).toBe(false);
  });
});

describe('what arrives is refused', () => {
  it('when its size is not the one listed', async () => {
    hub.behaviour = { storage: (bytes) => bytes.subarray(1) };
    await expect(get()).rejects.toThrow(
      `model.safetensors has ${weights.length - 1} bytes there, not the ${weights.length} that the hub lists`,
    );
  });

  it('when it is damaged, and nothing of it stays', async () => {
    hub.behaviour = {
      storage: (bytes) => Buffer.from(bytes.map((byte, i) => (i === 5000 ? byte ^ 1 : byte))),
    };
    await expect(get()).rejects.toThrow(/model.safetensors arrived damaged: its hash is not the one/);
    expect(readdirSync(cache('blobs')).filter((name) => name.startsWith(sha256(weights)))).toEqual([]);
    hub.behaviour = {};
    await get();
  });

  it('when what was there of it was of something else', async () => {
    mkdirSync(cache('blobs'), { recursive: true });
    writeFileSync(partial(), 'not the beginning');
    await expect(get()).rejects.toThrow(/arrived damaged/);
    writeFileSync(partial(), Buffer.alloc(weights.length + 1));
    await get(); // too long: thrown away at once
  });

  it('when the disk has no room for it', async () => {
    hub.behaviour = {
      listing: (entries) =>
        entries.map((entry) =>
          entry.path === 'model.safetensors'
            ? { ...entry, lfs: { ...(entry.lfs as object), size: 1e15 } }
            : entry,
        ),
    };
    await expect(get()).rejects.toThrow(
      /^org\/name takes 1000000.\d\d GB more, but only .* GB are free at .*; HF_HOME moves/,
    );
    expect(hub.sent).toBe(0);
  });

  it('when names or hashes in the listing would lead out of the cache', async () => {
    const hash = sha256(weights);
    hub.behaviour = {
      listing: (entries) => [
        ...entries.filter(({ path }) => path !== 'config.json' && path !== 'tokenizer.json'),
        { type: 'file', path: 'config.json', size: 3, oid: `../../${hash.slice(6)}` },
        { type: 'file', path: '../tokenizer.json', size: 3, oid: hash },
      ],
    };
    await expect(get()).rejects.toThrow(/has no config.json with safetensors/);
    hub.behaviour = { listing: () => ({ error: 'none' }) };
    await expect(get()).rejects.toThrow(/does not answer as a Hugging Face hub/);
  });
});

describe('parseHubId', () => {
  it.each([
    ['google/gemma-3-270m', { name: 'google/gemma-3-270m', revision: 'main' }],
    ['a/b@refs/pr/1', { name: 'a/b', revision: 'refs/pr/1' }],
    [`a/b@${COMMIT}`, { name: 'a/b', revision: COMMIT }],
    ['a/b.gguf', undefined],
    ['a', undefined],
    ['a/b/c', undefined],
    ['./a', undefined],
    ['/a/b', undefined],
    ['../b', undefined],
    ['a/..', undefined],
    ['a/b@../../c', undefined],
    ['a--b/c', undefined],
    ['a/b@', undefined],
  ])('%s', (text, expected) => {
    expect(parseHubId(text)).toEqual(expected);
  });
});
