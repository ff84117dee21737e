import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, request, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { parseHubId } from '../../src/hub/index.ts';
import { proxyFor } from '../../src/hub/proxy.ts';
import { fetchModel } from '../../src/model/fetch.ts';
import { startHub, type TestHub } from './server.ts';

const VARIABLES = ['http_proxy', 'https_proxy', 'all_proxy', 'no_proxy'];

describe('proxyFor', () => {
  const of = (url: string, env: Record<string, string>) => proxyFor(new URL(url), env)?.origin;
  const P = 'http://proxy:3128';

  it.each<[string, string, Record<string, string>, string | undefined]>([
    ['none without a variable', 'https://hub.test/', {}, undefined],
    ['HTTPS_PROXY for https', 'https://hub.test/', { HTTPS_PROXY: P }, P],
    ['HTTP_PROXY for http, not for https', 'https://hub.test/', { HTTP_PROXY: P }, undefined],
    ['HTTP_PROXY for http', 'http://hub.test/', { HTTP_PROXY: P }, P],
    ['ALL_PROXY for either', 'https://hub.test/', { ALL_PROXY: P, HTTP_PROXY: 'http://other' }, P],
    ['the special one before ALL_PROXY', 'http://hub.test/', { all_proxy: 'http://other', HTTP_PROXY: P }, P],
    ['small letters first', 'https://hub.test/', { https_proxy: P, HTTPS_PROXY: 'http://other' }, P],
    [
      'nothing in small letters switches off',
      'https://hub.test/',
      { https_proxy: '', HTTPS_PROXY: P },
      undefined,
    ],
    ['host and port alone', 'https://hub.test/', { HTTPS_PROXY: 'proxy:3128' }, P],
    ['a proxy that speaks https', 'https://hub.test/', { HTTPS_PROXY: 'https://proxy' }, 'https://proxy'],
  ])('is %s', (_, url, env, expected) => {
    expect(of(url, env)).toBe(expected);
  });

  it.each([
    ['*', true],
    ['hub.test', true],
    ['HUB.test', true],
    ['test', true],
    ['.hub.test', true],
    ['*.test', true],
    ['other, hub.test', true],
    ['hub.test:443', true],
    ['hub.test:8080', false],
    ['https://hub.test', true],
    ['http://hub.test', false],
    ['ub.test', false],
    ['a.hub.test', false],
    ['', false],
  ])('is none for a host that NO_PROXY names: %s', (NO_PROXY, exempt) => {
    expect(of('https://hub.test/x', { HTTPS_PROXY: P, NO_PROXY })).toBe(exempt ? undefined : P);
  });

  it.each([
    ['http://10.1.2.3:8000/', '10.0.0.0/8', true],
    ['http://10.1.2.3:8000/', '10.1.2.3', true],
    ['http://10.1.2.3:8000/', '10.1.2.3:80', false],
    ['http://10.1.2.3/', '11.0.0.0/8', false],
    ['http://10.1.2.3/', '10.0.0.0/99', false],
    ['http://[::1]:8000/', '::1', true],
    ['http://[::1]:8000/', '[::1]:8000', true],
    ['http://[fe80::5]/', 'fe80::/10', true],
  ])('knows addresses and networks: %s with NO_PROXY=%s', (url, no_proxy, exempt) => {
    expect(of(url, { http_proxy: P, no_proxy })).toBe(exempt ? undefined : P);
  });

  it.each([
    [
      'socks5://me:secret@proxy:1080',
      /^ALL_PROXY names a SOCKS proxy \(socks5:\/\/\), which isogloss does not speak/,
    ],
    ['ftp://me:secret@proxy', /^ALL_PROXY names a ftp:\/\/ URL; it must be http:\/\/host:port/],
    ['http://me:secret@', /^ALL_PROXY is not the URL of a proxy/],
  ])('refuses %s, and never shows it', (ALL_PROXY, message) => {
    expect(() => of('https://hub.test/', { ALL_PROXY })).toThrow(message);
    expect(() => of('https://hub.test/', { ALL_PROXY })).not.toThrow(/secret/);
    expect(of('https://hub.test/', { ALL_PROXY, NO_PROXY: 'hub.test' })).toBeUndefined();
  });
});

describe('a hub behind a proxy', () => {
  let hub: TestHub;
  let home: string;
  let proxy: Server;
  let seen: { line: string; login: string | undefined }[];
  /** Instead of passing it on. */
  let answer: number | undefined;
  const address = () => `127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  const note = ({ method, url, headers }: IncomingMessage) =>
    seen.push({ line: `${method} ${url}`, login: headers['proxy-authorization'] });

  beforeEach(async () => {
    hub = await startHub(new Map([['README.md', Buffer.from('# no model')]]));
    home = mkdtempSync(join(tmpdir(), 'isogloss-proxy-'));
    [seen, answer] = [[], undefined];
    proxy = createServer((incoming, response) => {
      note(incoming);
      if (answer !== undefined) return void response.writeHead(answer).end('by the proxy');
      const { pathname, search } = new URL(incoming.url!);
      const { 'proxy-authorization': _, ...headers } = incoming.headers;
      request(hub.url + pathname + search, { headers }, (from) => {
        response.writeHead(from.statusCode!, from.headers);
        from.pipe(response);
      }).end();
    });
    proxy.on('connect', (incoming, socket) => {
      note(incoming);
      if (answer !== undefined) return socket.end(`HTTP/1.1 ${answer} No\r\n\r\n`);
      const { port } = new URL(hub.url);
      const there = connect(Number(port), '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        there.pipe(socket).pipe(there);
      });
      for (const end of [there, socket]) end.on('error', () => {});
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    for (const name of ['HF_TOKEN', 'HUGGING_FACE_HUB_TOKEN', 'HF_HUB_OFFLINE', 'TRANSFORMERS_OFFLINE'])
      vi.stubEnv(name, '');
    for (const name of VARIABLES.flatMap((name) => [name, name.toUpperCase()])) vi.stubEnv(name, undefined);
    for (const name of ['HF_HUB_CACHE', 'HUGGINGFACE_HUB_CACHE', 'HF_TOKEN_PATH'])
      vi.stubEnv(name, undefined);
    vi.stubEnv('HF_HOME', home);
    vi.stubEnv('HF_ENDPOINT', 'http://hub.invalid');
  });
  afterEach(async () => {
    vi.unstubAllEnvs();
    proxy.closeAllConnections();
    await new Promise((resolve) => proxy.close(resolve));
    await hub.close();
    rmSync(home, { recursive: true });
  });
  const get = () => fetchModel(parseHubId('org/name')!, { attempts: 1, wait: 1 });

  it('is asked through it, and its answer is what counts', async () => {
    vi.stubEnv('HTTP_PROXY', `http://${address()}`);
    await expect(get()).rejects.toThrow('org/name has no config.json with safetensors. It has README.md');
    expect(seen[0]!.line).toMatch(/^GET http:\/\/hub\.invalid\/api\/models\/org\/name\/revision\/main/);
    expect(seen[0]!.login).toBeUndefined();
    expect(hub.seen.length).toBe(seen.length);
  });

  it.each([
    ['me:p%40ss', 'me:p@ss'],
    ['me', 'me:'],
    ['100%:x', '100%:x'],
  ])('gets name and password of %s@, which the hub and the errors never see', async (login, plain) => {
    vi.stubEnv('ALL_PROXY', `${login}@${address()}`);
    answer = 404;
    const error: Error = await get().catch((caught) => caught);
    expect(error.message).toBe(
      `there is no model org/name here or at http://hub.invalid (by the proxy http://${address()}, from ALL_PROXY)`,
    );
    expect(seen.map((one) => one.login)).toEqual([`Basic ${Buffer.from(plain).toString('base64')}`]);
  });

  it('is asked for a tunnel when it speaks https', async () => {
    vi.stubEnv('HF_ENDPOINT', 'https://hub.invalid');
    vi.stubEnv('HTTPS_PROXY', `http://me:secret@${address()}`);
    answer = 403;
    await expect(get()).rejects.toThrow(
      `the proxy http://${address()} (HTTPS_PROXY) answers 403 when asked for https://hub.invalid`,
    );
    expect(seen[0]!.line).toBe('CONNECT hub.invalid:443');
    answer = 502;
    await expect(get()).rejects.toThrow(/^org\/name is not in the cache, and the proxy .* answers 502/);
  });

  it.each(['http', 'https'])('says so when the proxy wants a name, or another (%s)', async (scheme) => {
    vi.stubEnv('HF_ENDPOINT', `${scheme}://hub.invalid`);
    answer = 407;
    vi.stubEnv('ALL_PROXY', `http://${address()}`);
    await expect(get()).rejects.toThrow(
      `the proxy http://${address()} asks for a name and a password: set ALL_PROXY to http://name:password@${address()}`,
    );
    vi.stubEnv('ALL_PROXY', `http://me:secret@${address()}`);
    await expect(get()).rejects.toThrow(
      `the proxy http://${address()} does not take the name and password in ALL_PROXY`,
    );
  });

  it('does not take a refusal by the proxy for a gated model', async () => {
    vi.stubEnv('HTTP_PROXY', `http://${address()}`);
    answer = 403;
    await expect(get()).rejects.toThrow(
      /^http:\/\/hub\.invalid \(by the proxy .*\) refuses org\/name@main: 403/,
    );
  });

  it('is asked without it when NO_PROXY says so', async () => {
    vi.stubEnv('HTTP_PROXY', `http://${address()}`);
    vi.stubEnv('NO_PROXY', '127.0.0.1');
    vi.stubEnv('HF_ENDPOINT', hub.url);
    await expect(get()).rejects.toThrow('org/name has no config.json with safetensors');
    expect(seen).toEqual([]);
  });

  it('cannot be reached when the proxy cannot', async () => {
    vi.stubEnv('HTTP_PROXY', 'http://me:secret@127.0.0.1:1');
    await expect(get()).rejects.toThrow(
      'org/name is not in the cache, and http://hub.invalid (by the proxy http://127.0.0.1:1, from HTTP_PROXY) cannot be reached: ',
    );
  });
});
