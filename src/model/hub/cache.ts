/**
 * Hugging Face's cache on the disk, as every library that loads from the hub lays it out:
 * `models--org--name/refs/main` holds a commit, `snapshots/<commit>/` links to files in `blobs/` named by their hash.
 */
import { randomBytes } from 'node:crypto';
import { copyFile, mkdir, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { isRecord } from '../config-reader.ts';
import { ifThere } from '../files/if-there.ts';
import { INDEX_FILE, readJsonIfThere, SINGLE_FILE } from '../files/index.ts';
import { type HubId, isCommit } from './id.ts';

/** The folder of a model in the cache. */
export interface RepoFolder {
  path: string;
  blob(hash: string): string;
  snapshot(commit: string): string;
  ref(revision: string): string;
}

export function repoFolder(cacheDir: string, { name }: HubId): RepoFolder {
  const path = join(cacheDir, `models--${name.replace('/', '--')}`);
  return {
    path,
    blob: (hash) => join(path, 'blobs', hash),
    snapshot: (commit) => join(path, 'snapshots', commit),
    ref: (revision) => join(path, 'refs', revision),
  };
}

/**
 * The commit that a revision stood for when it was last fetched.
 * @throws UserError when the note of it is there and cannot be read
 */
export async function cachedCommit(folder: RepoFolder, revision: string): Promise<string | undefined> {
  if (isCommit(revision)) return revision;
  const text = (await ifThere(folder.ref(revision), readFile(folder.ref(revision), 'utf8'))) ?? '';
  return isCommit(text.trim()) ? text.trim() : undefined;
}

/** What a snapshot has of a model: all that is needed, all but small files that belong to it, or less. */
export type SnapshotState = 'whole' | 'no tokenizer' | 'no processor' | 'partial';

/** @throws UserError when a file of it is there and cannot be read */
export async function snapshotState(dir: string): Promise<SnapshotState> {
  const has = (name: string) => isFile(join(dir, name));
  const config = await readJsonIfThere(join(dir, 'config.json'));
  if (config === undefined) return 'partial';
  if (!(await has(SINGLE_FILE))) {
    const shards = shardsOf(await readJsonIfThere(join(dir, INDEX_FILE)));
    if (shards.length === 0 || (await Promise.all(shards.map(has))).includes(false)) return 'partial';
  }
  if (!(await hasTokenizer(dir))) return 'no tokenizer';
  // Who loads only the text part of a multimodal model leaves these out, and a checkpoint is of no use without them.
  const needsProcessor = isRecord(config) && config.vision_config !== undefined;
  return !needsProcessor || (await has('preprocessor_config.json')) || (await has('processor_config.json'))
    ? 'whole'
    : 'no processor';
}

/** Is there a tokenizer in a snapshot? @throws as `snapshotState` */
export async function hasTokenizer(dir: string): Promise<boolean> {
  return (await isFile(join(dir, 'tokenizer.json'))) || (await isFile(join(dir, 'tokenizer.model')));
}

async function isFile(path: string): Promise<boolean> {
  return (await ifThere(path, stat(path)))?.isFile() ?? false;
}

/** File names that an index of shards names; none if it is no sound index. */
export function shardsOf(index: unknown): string[] {
  const map = isRecord(index) ? index.weight_map : undefined;
  return isRecord(map) ? [...new Set(Object.values(map).filter((name) => typeof name === 'string'))] : [];
}

/** Makes `snapshots/<commit>/<name>` a link to a blob; a copy where links cannot be made (Windows without the right to). */
export async function linkBlob(blob: string, file: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await rm(file, { force: true });
  await symlink(relative(dirname(file), blob), file).catch(() => copyFile(blob, file));
}

/** Notes that a revision stands for a commit. */
export async function writeRef(folder: RepoFolder, revision: string, commit: string): Promise<void> {
  if (isCommit(revision)) return;
  const path = folder.ref(revision);
  await mkdir(dirname(path), { recursive: true });
  const aside = `${path}.${randomBytes(6).toString('hex')}`;
  await writeFile(aside, commit);
  await rename(aside, path);
}
