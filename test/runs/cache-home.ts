/** A cache folder of the test file's own, in place of the user's. */
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';

/** Sets `$XDG_CACHE_HOME` to `cache` in a folder while the file's tests run. */
export function ownCache(folder: { readonly path: string }): void {
  const before = process.env.XDG_CACHE_HOME;
  beforeAll(() => {
    process.env.XDG_CACHE_HOME = join(folder.path, 'cache');
  });
  afterAll(() => {
    if (before === undefined) delete process.env.XDG_CACHE_HOME;
    else process.env.XDG_CACHE_HOME = before;
  });
}
