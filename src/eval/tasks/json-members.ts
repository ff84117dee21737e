/** Cuts a JSON document into the members of its list or object, each with its line: `JSON.parse` tells neither. */
import { UserError } from '../../errors.ts';

/** An element of a list, or a field of an object. */
export interface Member {
  /** 1-based, where it begins. */
  line: number;
  /** Name of the field; undefined in a list. */
  key?: string;
  value: unknown;
}

/** What a document is: members of one list or object, or something that goes on behind its first value (rows a line). */
export interface Document {
  kind: 'list' | 'object' | 'lines';
  members: Member[];
}

const [QUOTE, BACKSLASH, COMMA, NEWLINE] = [0x22, 0x5c, 0x2c, 0x0a];
const [OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];

const decoder = new TextDecoder('utf-8', { fatal: true });

/**
 * Members of a document, in its order; a name given twice is two members, where `JSON.parse` would keep the last alone.
 * Works on bytes, as all that JSON is built of is ASCII, and a file may be longer than a string can be.
 *
 * @throws UserError with file and line of what is not valid JSON or UTF-8, or of a document that is cut off
 */
export function jsonMembers(bytes: Uint8Array, file: string): Document {
  let at = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
  let line = 1;
  for (; isBlank(bytes[at]); at++) if (bytes[at] === NEWLINE) line++;
  const open = bytes[at];
  if (open !== OPEN_LIST && open !== OPEN_OBJECT)
    throw new UserError({ file, line, message: 'is not a JSON list or object of rows' });
  const first = line;
  const members: Member[] = [];
  let depth = 0;
  let start = at + 1;
  let startLine = line;
  let isText = false;
  const finish = (end: number, isLast: boolean) => {
    while (start < end && isBlank(bytes[start])) if (bytes[start++] === NEWLINE) startLine++;
    const isNothing = start === end;
    if (isNothing && isLast && members.length === 0) return;
    const piece = bytes.subarray(start, end);
    members.push(parse(piece, open === OPEN_OBJECT, { file, line: startLine }));
  };
  for (; at < bytes.length; at++) {
    const byte = bytes[at]!;
    if (byte === NEWLINE) line++;
    if (isText) {
      if (byte === BACKSLASH) at++;
      else if (byte === QUOTE) isText = false;
    } else if (byte === QUOTE) isText = true;
    else if (byte === OPEN_LIST || byte === OPEN_OBJECT) depth++;
    else if (byte === COMMA && depth === 1) {
      finish(at, false);
      start = at + 1;
      startLine = line;
    } else if ((byte === CLOSE_LIST || byte === CLOSE_OBJECT) && --depth === 0) {
      finish(at, true);
      break;
    }
  }
  if (at >= bytes.length)
    throw new UserError({
      file,
      line: first,
      message: 'is cut off: what begins here is not closed by the end of the file',
    });
  const hasMore = bytes.subarray(at + 1).some((byte) => !isBlank(byte));
  if (hasMore && open === OPEN_LIST)
    throw new UserError({
      file,
      line,
      message: 'is not valid JSON: something stands behind the end of its list',
    });
  return { kind: hasMore ? 'lines' : open === OPEN_LIST ? 'list' : 'object', members };
}

function parse(bytes: Uint8Array, isField: boolean, place: { file: string; line: number }): Member {
  try {
    const text = decoder.decode(bytes);
    if (!isField) return { line: place.line, value: JSON.parse(text) as unknown };
    const [field] = Object.entries(JSON.parse(`{${text}}`) as Record<string, unknown>);
    return { line: place.line, key: field![0], value: field![1] };
  } catch (error) {
    throw new UserError({ ...place, message: `is not valid JSON or UTF-8 (${(error as Error).message})` });
  }
}

function isBlank(byte: number | undefined): boolean {
  return byte === 0x20 || byte === NEWLINE || byte === 0x0d || byte === 0x09;
}
