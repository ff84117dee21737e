/** `org/name` and `org/name@revision`. */

export interface HubId {
  /** `org/name` */
  name: string;
  /** Branch, tag or commit. */
  revision: string;
  /** What kind of repository; a model unless said. */
  type?: 'model' | 'dataset';
}

const PART = '[A-Za-z0-9][A-Za-z0-9._-]*';
const ID = new RegExp(`^(${PART}/${PART})(?:@(${PART}(?:/${PART})*))?$`);

/** The id that a text spells, if it spells one: what cannot be one is a path. */
export function parseHubId(text: string): HubId | undefined {
  const match = ID.exec(text);
  // The hub has neither of these in names; paths of the cache and of requests are made of them.
  if (match === null || /\.\.|--|\.gguf$/.test(text)) return undefined;
  return { name: match[1]!, revision: match[2] ?? 'main' };
}

/** A full commit hash names one state for ever. */
export function isCommit(revision: string): boolean {
  return /^[0-9a-f]{40}$/.test(revision);
}

/** Where a repository's page is, and its files, behind the address of the hub. */
export function pagePath({ name, type }: HubId): string {
  return type === 'dataset' ? `datasets/${name}` : name;
}
