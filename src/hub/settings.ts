/** Where models by name come from and go to: the environment variables that huggingface_hub knows, with its defaults. */
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { getHFHubCachePath } from '@huggingface/hub';
import { UserError } from '../errors.ts';

export interface HubSettings {
  /** Without a slash at its end. */
  endpoint: string;
  /** Holds `models--org--name/{refs,blobs,snapshots}`. */
  cacheDir: string;
  /** Read when it is asked for: what is in the cache needs none. */
  readonly token: string | undefined;
  /** No request may be made. */
  offline: boolean;
}

/** Settings of the process's environment. */
export function hubSettings(): HubSettings {
  const { env } = process;
  const home = env.HF_HOME || join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'huggingface');
  const isOn = (value: string | undefined) =>
    ['1', 'on', 'yes', 'true'].includes((value ?? '').toLowerCase());
  return {
    endpoint: (env.HF_ENDPOINT || 'https://huggingface.co').replace(/\/+$/, ''),
    cacheDir: inHome(getHFHubCachePath()),
    get token() {
      return (
        env.HF_TOKEN?.trim() ||
        env.HUGGING_FACE_HUB_TOKEN?.trim() ||
        tokenIn(inHome(env.HF_TOKEN_PATH || join(home, 'token')))
      );
    },
    offline: isOn(env.HF_HUB_OFFLINE) || isOn(env.TRANSFORMERS_OFFLINE),
  };
}

/** What `hf auth login` has left. @throws UserError when that cannot be read */
function tokenIn(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8').trim() || undefined;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    throw new UserError({ file, message: `the token of the hub cannot be read: ${message}` });
  }
}

function inHome(path: string): string {
  return path.startsWith('~/') ? join(homedir(), path.slice(2)) : path;
}
