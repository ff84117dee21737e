/** Requests to the hub, with its answers in words. */
import { UserError } from '../../errors.ts';
import type { HubId } from './id.ts';
import type { HubSettings } from './settings.ts';

/**
 * A `fetch` for one model: the token goes along, to the hub alone (`fetch` itself drops it where a redirect leads to
 * another origin, as the hub's storage is), and an answer that is no success is a UserError.
 */
export function hubFetch({ name, revision }: HubId, { endpoint, token }: HubSettings): typeof fetch {
  return async (input, init) => {
    const headers = new Headers(init?.headers);
    const url = String(input);
    if (token !== undefined && new URL(url).origin === new URL(endpoint).origin)
      headers.set('Authorization', `Bearer ${token}`);
    let response: Response;
    try {
      response = await fetch(url, { ...init, headers });
    } catch (error) {
      throw new Unreachable(`${endpoint} cannot be reached: ${reasonOf(error)}`);
    }
    if (response.ok) return response;
    await response.body?.cancel();
    throw refusal(response, { name, revision }, endpoint, token !== undefined);
  };
}

/** No answer came, or one that is not the last word: trying again may help. */
export class Unreachable extends Error {}

/** What `fetch` hides behind "fetch failed". */
export function reasonOf(error: unknown): string {
  const { cause, message } = error as Error & { cause?: { code?: string; message?: string } };
  return cause?.code ?? cause?.message ?? message;
}

function refusal(
  { status, statusText, headers }: Response,
  { name, revision }: HubId,
  endpoint: string,
  hasToken: boolean,
): Error {
  const code = headers.get('X-Error-Code');
  const page = `${endpoint}/${name}`;
  const token = `${endpoint}/settings/tokens`;
  if (status === 429 || status >= 500) {
    return new Unreachable(`${endpoint} answers ${status} ${statusText}`.trim());
  }
  if (code === 'RevisionNotFound') return new UserError(`${name} has no revision ${revision} at ${endpoint}`);
  if (code === 'EntryNotFound')
    return new UserError(`${name}@${revision} lacks a file that it lists; try again`);
  if (status === 404 || (code === 'RepoNotFound' && hasToken)) {
    const may = hasToken ? ', or the token may not see it' : '';
    return new UserError(`there is no model ${name} here or at ${endpoint}${may}`);
  }
  if (code === 'RepoNotFound') {
    return new UserError(
      `there is no model ${name} here or at ${endpoint}, or it is private: then set HF_TOKEN to a token of yours (${token})`,
    );
  }
  if (status === 401 || status === 403) {
    return new UserError(
      hasToken
        ? `${name} is gated, and your token gives no access: accept its licence at ${page} with the account of the token, or set HF_TOKEN to another (${token})`
        : `${name} is gated: accept its licence at ${page}, then set HF_TOKEN to a token of yours (${token})`,
    );
  }
  return new UserError(`${endpoint} refuses ${name}@${revision}: ${status} ${statusText}`.trim());
}
