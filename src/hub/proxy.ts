/**
 * Proxies between here and the hub, by the environment variables and the rules of huggingface_hub (that is, of Python's
 * requests and urllib): `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`, `NO_PROXY`, in small letters first. Node's own `fetch`
 * knows none of them, and undici's EnvHttpProxyAgent neither ALL_PROXY nor that HTTP_PROXY is not for https.
 */
import { BlockList, isIP } from 'node:net';
import { UserError } from '../errors.ts';

/** A proxy that a request goes through. */
export interface HubProxy {
  /** `http://host:port`, without name and password. */
  origin: string;
  /** Value of `Proxy-Authorization`. */
  authorization: string | undefined;
  /** The variable that names it, as it is spelt, for messages. */
  variable: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Is any proxy set at all? */
export function hasProxy(env: Environment = process.env): boolean {
  return ['http_proxy', 'https_proxy', 'all_proxy'].some((name) => setting(name, env) !== undefined);
}

/**
 * The proxy for a URL; none if no variable names one or `NO_PROXY` names the URL's host.
 * @throws UserError when the variable holds no URL of an http or https proxy
 */
export function proxyFor(url: URL, env: Environment = process.env): HubProxy | undefined {
  const found = setting(`${url.protocol.slice(0, -1)}_proxy`, env) ?? setting('all_proxy', env);
  return found === undefined || isExempt(url, setting('no_proxy', env)?.value ?? '')
    ? undefined
    : parseProxy(found.value, found.variable);
}

/** A variable in small letters, else in others; one that is set to nothing in small letters switches the other off. */
function setting(name: string, env: Environment): { value: string; variable: string } | undefined {
  const spelt = Object.keys(env).filter((key) => key.toLowerCase() === name && env[key] !== undefined);
  const variable = spelt.includes(name)
    ? name
    : spelt.includes(name.toUpperCase())
      ? name.toUpperCase()
      : spelt[0];
  const value = variable === undefined ? '' : env[variable]!.trim();
  return value === '' ? undefined : { value, variable: variable! };
}

/** Never shows the value: it may hold a password. */
function parseProxy(value: string, variable: string): HubProxy {
  const allowed = 'http://host:port, with name:password@ before the host if the proxy asks for them';
  // `host:port` alone is common, and taken by requests.
  const text = /^[a-z][a-z0-9+.-]*:\/\//i.test(value) ? value : `http://${value.replace(/^\/\//, '')}`;
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw new UserError(`${variable} is not the URL of a proxy; it must be ${allowed}`);
  }
  const scheme = url.protocol.slice(0, -1);
  if (scheme !== 'http' && scheme !== 'https') {
    const what = /^socks/.test(scheme)
      ? `a SOCKS proxy (${scheme}://), which isogloss does not speak to`
      : `a ${scheme}:// URL`;
    throw new UserError(
      `${variable} names ${what}; it must be ${allowed}. NO_PROXY lists hosts that need no proxy`,
    );
  }
  const { username, password } = url;
  const login = `${decoded(username)}:${decoded(password)}`;
  const authorization = login === ':' ? undefined : `Basic ${Buffer.from(login).toString('base64')}`;
  return { origin: url.origin, authorization, variable };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** `NO_PROXY`: host names (with all below them), addresses, networks (`10.0.0.0/8`), each perhaps with a port, or `*`. */
function isExempt({ protocol, hostname, port }: URL, noProxy: string): boolean {
  const host = hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '');
  const ownPort = port || (protocol === 'https:' ? '443' : '80');
  return noProxy.split(/[\s,]+/).some((entry) => {
    if (entry === '*') return true;
    const [, scheme, rest] = /^(?:([a-z]+):\/\/)?(.*)$/.exec(entry.toLowerCase())!;
    if (scheme !== undefined && scheme !== 'all' && `${scheme}:` !== protocol) return false;
    const [, bracketed, plain, itsPort] = /^(?:\[(.*)\]|(.*?))(?::(\d+))?$/.exec(
      isIP(rest!) === 6 ? `[${rest}]` : rest!,
    )!;
    if (itsPort !== undefined && itsPort !== ownPort) return false;
    const name = (bracketed ?? plain!).replace(/^\*?\./, '').replace(/\.$/, '');
    return (
      name !== '' && (host === name || (isIP(host) ? isInNetwork(host, name) : host.endsWith(`.${name}`)))
    );
  });
}

function isInNetwork(address: string, network: string): boolean {
  const [base = '', bits = ''] = network.split('/');
  const [version, width] = [isIP(base), Number(bits)];
  if (version === 0 || version !== isIP(address) || !/^\d+$/.test(bits) || width > (version === 4 ? 32 : 128))
    return false;
  const family = version === 4 ? 'ipv4' : 'ipv6';
  const list = new BlockList();
  list.addSubnet(base, width, family);
  return list.check(address, family);
}

/**
 * A `fetch` that goes through the proxies of the environment, those of each redirect's host included; Node's own when
 * none is set. http goes to a proxy as it is, https through a tunnel.
 */
export async function proxiedFetch(): Promise<typeof fetch> {
  if (!hasProxy()) return fetch;
  // Only who has a proxy pays for loading it. Agent and fetch must be of one version of undici: Node's own is another.
  const undici = await import('undici');
  const dispatcher = new undici.Agent({
    factory(origin, options) {
      const proxy = proxyFor(new URL(origin));
      if (proxy === undefined) return new undici.Pool(origin, options as object);
      return new undici.ProxyAgent({ uri: proxy.origin, token: proxy.authorization, proxyTunnel: false });
    },
  });
  const proxied: unknown = (url: string, init?: object) => undici.fetch(url, { ...init, dispatcher });
  return proxied as typeof fetch;
}
