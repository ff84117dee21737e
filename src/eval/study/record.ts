/** `request.json`: what the folder of a study is of, so that it goes on with the same and with nothing else. */
import { join } from 'node:path';
import { UserError } from '../../errors.ts';
import { exists, listFolder, replaceFile } from '../../runs/run-files.ts';
import { readTextFile } from '../../text.ts';
import { canonicalJson, sha256 } from '../results/digest.ts';

/** JSON, snake case. */
export type StudyKey = Readonly<Record<string, unknown>>;

const RECORD = 'request.json';
const FORMAT = 1;
/** A few settings and hashes take less. */
const MAX_BYTES = 1 << 20;

/**
 * Is the folder free for this study, or its own already?
 *
 * @throws UserError with the differences if it is of another one, or holds results of something else
 */
export async function requireSameStudy(dir: string, shown: string, key: StudyKey): Promise<void> {
  const path = join(dir, RECORD);
  if (!(await exists(path))) {
    const other = (await listFolder(dir, shown)).find(
      (name) => name === 'evaluation.json' || name === 'series.json' || name === 'run.json',
    );
    if (other === undefined) return;
    throw new UserError({ file: shown, message: `holds ${other} of something else; name another folder` });
  }
  const file = join(shown, RECORD);
  const found = parse(readTextFile(path, file, MAX_BYTES), file);
  if (canonicalJson(found) === canonicalJson(key)) return;
  const parts = differences(key, found).join('; ');
  throw new UserError({
    file: shown,
    message: `holds another study of steering, and this one has ${parts}; name another folder`,
  });
}

/** Writes the record where there is none. */
export async function writeStudyRecord(dir: string, key: StudyKey): Promise<void> {
  const path = join(dir, RECORD);
  if (await exists(path)) return;
  const record = { format: FORMAT, identity: sha256(canonicalJson(key)), key };
  await replaceFile(path, `${JSON.stringify(record, null, 2)}\n`);
}

function parse(text: string, file: string): StudyKey {
  const refuse = (message: string): never => {
    throw new UserError({ file, message: `${message}; name another folder, or move this one away` });
  };
  let record: { format?: unknown; identity?: unknown; key?: StudyKey } | null;
  try {
    record = JSON.parse(text);
  } catch (error) {
    return refuse(`is damaged: ${(error as Error).message}`);
  }
  if (typeof record !== 'object' || record === null || typeof record.key !== 'object' || record.key === null)
    return refuse('is damaged: it has no key');
  if (record.format !== FORMAT)
    return refuse(`format must be ${FORMAT}, found ${JSON.stringify(record.format)}`);
  if (sha256(canonicalJson(record.key)) !== record.identity)
    return refuse('is damaged: its key is not the one it was made with');
  return record.key;
}

/** Each part in which two keys differ: `steering.gammas: [1], not [0.5,1,2]`; the first one's before. */
function differences(ours: unknown, theirs: unknown, path: string[] = []): string[] {
  const isGroup = (value: unknown): value is Record<string, unknown> =>
    typeof value === 'object' && value !== null && !Array.isArray(value);
  if (isGroup(ours) && isGroup(theirs))
    return [...new Set([...Object.keys(ours), ...Object.keys(theirs)])].flatMap((key) =>
      differences(ours[key], theirs[key], [...path, key]),
    );
  if (canonicalJson(ours ?? null) === canonicalJson(theirs ?? null)) return [];
  return [`${path.join('.') || 'all'}: ${shown(ours)}, not ${shown(theirs)}`];
}

function shown(value: unknown): string {
  if (value === undefined || value === null) return 'none';
  // Twelve digits of a hash tell it from any other.
  return JSON.stringify(value).replace(/[0-9a-f]{64}/g, (hash) => hash.slice(0, 12));
}
