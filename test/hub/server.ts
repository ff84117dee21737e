/** A hub on this machine: its API, and a storage of another origin that large files are redirected to. */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export const COMMIT = '0123456789abcdef0123456789abcdef01234567';

export interface Seen {
  /** `hub` or `storage`. */
  at: string;
  path: string;
  range: string | undefined;
  authorization: string | undefined;
}

/** What the server does otherwise than it should; tests change it. */
export interface Behaviour {
  /** Token without which files are refused. */
  gatedFor?: string;
  /** The connection is closed after so many bytes of a large file, so many times. */
  cutAfter?: number;
  cuts?: number;
  /** Range requests are answered with everything. */
  ignoresRange?: boolean;
  /** Instead of the bytes of large files. */
  storage?: (bytes: Buffer) => Buffer;
  /** Changes the listing. */
  listing?: (entries: Record<string, unknown>[]) => unknown;
  /** Answers everything. */
  answer?: { status: number; code?: string; body?: string };
}

export interface TestHub {
  url: string;
  behaviour: Behaviour;
  seen: Seen[];
  files: Map<string, Buffer>;
  /** Bytes of large files that were sent. */
  sent: number;
  close(): Promise<void>;
}

const LARGE = /\.(safetensors|bin)$/;
export const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
export const gitHash = (bytes: Buffer) =>
  createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');

/** Serves `org/name` with these files. */
export async function startHub(files: Map<string, Buffer>): Promise<TestHub> {
  const hub: TestHub = { url: '', behaviour: {}, seen: [], files, sent: 0, close: async () => {} };
  let storageUrl = '';
  const note = (at: string, { url, headers }: IncomingMessage) =>
    hub.seen.push({
      at,
      path: url!.split('?')[0]!,
      range: headers.range,
      authorization: headers.authorization,
    });
  const json = (response: ServerResponse, body: unknown) =>
    response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));

  const main = await listen((request, response) => {
    note('hub', request);
    const path = request.url!.split('?')[0]!;
    const { answer, gatedFor, listing } = hub.behaviour;
    if (answer) {
      if (answer.code) response.setHeader('X-Error-Code', answer.code);
      return void response.writeHead(answer.status).end(answer.body);
    }
    const refuse = (status: number, code?: string) => {
      if (code) response.setHeader('X-Error-Code', code);
      response.writeHead(status).end('{}');
    };
    if (!/^\/(api\/(models|datasets)\/|datasets\/)?org\/name\//.test(path))
      return refuse(404, 'RepoNotFound');
    const revision = /\/revision\/(.+)$/.exec(path)?.[1];
    if (revision !== undefined) {
      if (!['main', 'v1', COMMIT].includes(decodeURIComponent(revision)))
        return refuse(404, 'RevisionNotFound');
      return json(response, {
        _id: '1',
        id: 'org/name',
        sha: COMMIT,
        lastModified: '2025-01-01',
        gated: false,
      });
    }
    const [tree] = /^\/api\/(models|datasets)\/org\/name\/tree\/\w+/.exec(path) ?? ['-'];
    if (path === tree || path.startsWith(`${tree}/`)) {
      const folder = path.slice(tree.length + 1);
      const within = [...hub.files].filter(([name]) => folder === '' || name.startsWith(`${folder}/`));
      const entries = within.map(([name, bytes]) => {
        const [first, ...rest] = name.slice(folder === '' ? 0 : folder.length + 1).split('/');
        const inside = folder === '' ? first : `${folder}/${first}`;
        if (rest.length > 0) return { type: 'directory', path: inside, oid: '0'.repeat(40), size: 0 };
        return {
          type: 'file',
          path: name,
          oid: gitHash(bytes),
          size: bytes.length,
          ...(LARGE.test(name) ? { lfs: { oid: sha256(bytes), size: bytes.length, pointerSize: 130 } } : {}),
        };
      });
      return json(response, listing ? listing(entries) : entries);
    }
    const name = path.replace(/^(\/datasets)?\/org\/name\/resolve\/\w+\//, '');
    const bytes = hub.files.get(name);
    if (bytes === undefined) return refuse(404, 'EntryNotFound');
    if (gatedFor && request.headers.authorization !== `Bearer ${gatedFor}`)
      return refuse(request.headers.authorization ? 403 : 401, 'GatedRepo');
    if (LARGE.test(name)) response.writeHead(302, { Location: `${storageUrl}/${name}` }).end();
    else response.writeHead(200, { 'Content-Length': bytes.length }).end(bytes);
  });
  const storage = await listen((request, response) => {
    note('storage', request);
    const { behaviour } = hub;
    const whole = hub.files.get(request.url!.slice(1))!;
    const bytes = behaviour.storage?.(whole) ?? whole;
    const start = behaviour.ignoresRange
      ? 0
      : Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
    const part = bytes.subarray(start);
    const range = start > 0 ? { 'Content-Range': `bytes ${start}-${bytes.length - 1}/${bytes.length}` } : {};
    response.writeHead(start > 0 ? 206 : 200, { 'Content-Length': part.length, ...range });
    if (behaviour.cutAfter !== undefined && (behaviour.cuts ?? Infinity) > 0) {
      if (behaviour.cuts !== undefined) behaviour.cuts--;
      const some = part.subarray(0, behaviour.cutAfter);
      hub.sent += some.length;
      response.write(some, () => setTimeout(() => response.destroy(), 50));
      return;
    }
    hub.sent += part.length;
    response.end(part);
  });
  hub.url = urlOf(main);
  storageUrl = urlOf(storage);
  hub.close = async () => {
    for (const server of [main, storage]) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  };
  return hub;
}

function listen(handle: (request: IncomingMessage, response: ServerResponse) => void): Promise<Server> {
  return new Promise((resolve) => {
    const server = createServer(handle).listen(0, '127.0.0.1', () => resolve(server));
  });
}

function urlOf(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
