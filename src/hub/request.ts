/** Requests to the hub, with its answers in words. */
import { UserError } from '../errors.ts';
import { type HubId, pagePath } from './id.ts';
import { type HubProxy, proxiedFetch, proxyFor } from './proxy.ts';
import type { HubSettings } from './settings.ts';

/**
 * A `fetch` for one repository: the token goes along, to the hub alone (`fetch` itself drops it where a redirect leads to
 * another origin, as the hub's storage is), and an answer that is no success is a UserError. Goes through the proxy that
 * the environment names.
 */
export function hubFetch(id: HubId, { endpoint, token }: HubSettings): typeof fetch {
  let request: Promise<typeof fetch> | undefined;
  return async (input, init) => {
    const headers = new Headers(init?.headers);
    const url = String(input);
    if (token !== undefined && new URL(url).origin === new URL(endpoint).origin)
      headers.set('Authorization', `Bearer ${token}`);
    const proxy = proxyFor(new URL(url));
    request ??= proxiedFetch();
    let response: Response;
    try {
      response = await (await request)(url, { ...init, headers: Object.fromEntries(headers) });
    } catch (error) {
      throw unreached(error, endpoint, proxy);
    }
    if (response.ok) return response;
    await response.body?.cancel();
    // A redirect may lead to a host with another proxy, or none.
    const last = response.redirected ? proxyFor(new URL(response.url)) : proxy;
    if (response.status === 407 && last !== undefined) throw wantsLogin(last);
    throw refusal(response, id, endpoint, token !== undefined, last);
  };
}

/** No answer came, or one that is not the last word: trying again may help. */
export class Unreachable extends Error {}

/** Why no answer came, as the proxy tells it if there is one. */
function unreached(error: unknown, endpoint: string, proxy: HubProxy | undefined): Error {
  const causes = causesOf(error);
  // The variable of a host that a redirect leads to is not right.
  const ours = causes.find((cause) => cause instanceof UserError);
  if (ours !== undefined) return ours;
  // undici has no other way of telling what answered the request for a tunnel.
  const told = causes.map(({ message }) =>
    /^Proxy (?:response|Authentication Required) \((\d+)\)/.exec(message),
  );
  const status = Number(told.find((match) => match !== null)?.[1]);
  if (proxy === undefined || Number.isNaN(status))
    return new Unreachable(`${through(endpoint, proxy)} cannot be reached: ${reasonOf(error)}`);
  if (status === 407) return wantsLogin(proxy);
  const message = `the proxy ${proxy.origin} (${proxy.variable}) answers ${status} when asked for ${endpoint}`;
  return status === 429 || status >= 500 ? new Unreachable(message) : new UserError(message);
}

/** An error, its cause, the cause of that, and so on. */
function causesOf(error: unknown): Error[] {
  return error instanceof Error ? [error, ...causesOf(error.cause)] : [];
}

function through(endpoint: string, proxy: HubProxy | undefined): string {
  return proxy === undefined
    ? endpoint
    : `${endpoint} (by the proxy ${proxy.origin}, from ${proxy.variable})`;
}

function wantsLogin({ origin, variable, authorization }: HubProxy): UserError {
  const [scheme, host] = origin.split('://');
  return new UserError(
    authorization === undefined
      ? `the proxy ${origin} asks for a name and a password: set ${variable} to ${scheme}://name:password@${host}`
      : `the proxy ${origin} does not take the name and password in ${variable}`,
  );
}

/** What `fetch` hides behind "fetch failed". */
export function reasonOf(error: unknown): string {
  const { cause, message } = error as Error & { cause?: { code?: string; message?: string } };
  // A DOMException has numbers for codes.
  return (typeof cause?.code === 'string' ? cause.code : undefined) ?? cause?.message ?? message;
}

function refusal(
  { status, statusText, headers }: Response,
  id: HubId,
  endpoint: string,
  hasToken: boolean,
  proxy: HubProxy | undefined,
): Error {
  const { name, revision } = id;
  const kind = id.type === 'dataset' ? 'data set' : 'model';
  const asked = through(endpoint, proxy);
  const code = headers.get('X-Error-Code');
  const page = `${endpoint}/${pagePath(id)}`;
  const token = `${endpoint}/settings/tokens`;
  if (status === 429 || status >= 500) {
    return new Unreachable(`${asked} answers ${status} ${statusText}`.trim());
  }
  if (code === 'RevisionNotFound') return new UserError(`${name} has no revision ${revision} at ${asked}`);
  if (code === 'EntryNotFound')
    return new UserError(`${name}@${revision} lacks a file that it lists; try again`);
  if (status === 404 || (code === 'RepoNotFound' && hasToken)) {
    const may = hasToken ? ', or the token may not see it' : '';
    return new UserError(`there is no ${kind} ${name} here or at ${asked}${may}`);
  }
  if (code === 'RepoNotFound') {
    return new UserError(
      `there is no ${kind} ${name} here or at ${asked}, or it is private: then set HF_TOKEN to a token of yours (${token})`,
    );
  }
  // Without the hub's own code it may be the proxy that refuses.
  if ((status === 401 || status === 403) && (proxy === undefined || code !== null)) {
    return new UserError(
      hasToken
        ? `${name} is gated, and your token gives no access: accept its licence at ${page} with the account of the token, or set HF_TOKEN to another (${token})`
        : `${name} is gated: accept its licence at ${page}, then set HF_TOKEN to a token of yours (${token})`,
    );
  }
  return new UserError(`${asked} refuses ${name}@${revision}: ${status} ${statusText}`.trim());
}
