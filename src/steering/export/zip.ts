/**
 * Zip archives without compression, as torch.save writes them: all of it in memory, nothing is unpacked, so that no small
 * file becomes a large one.
 */
import { crc32 } from 'node:zlib';
import { UserError } from '../../errors.ts';

const LOCAL = 0x04034b50;
const CENTRAL = 0x02014b50;
const END = 0x06054b50;
/** Bytes of the fixed part of each. */
const LOCAL_BYTES = 30;
const CENTRAL_BYTES = 46;
const END_BYTES = 22;
/** Longest comment behind the end record: it is looked for no further back. */
const LONGEST_COMMENT = 0xffff;
/** Names are UTF-8. */
const UTF8 = 1 << 11;
const ENCRYPTED = 1;
/** PyTorch lays data at multiples of this. */
const ALIGNMENT = 64;
/** The entry of the extra field that padding is put into, as torch's own. */
const PADDING_ID = 0x4246;
/** 1 January 1980, the earliest date there is: the same numbers make the same file. */
const DATE = 0x21;

/** The bytes of an archive of these files, in their order. */
export function zipBytes(files: ReadonlyMap<string, Uint8Array>): Uint8Array {
  const parts: Uint8Array[] = [];
  const central: Uint8Array[] = [];
  let position = 0;
  for (const [name, bytes] of files) {
    const encoded = Buffer.from(name);
    const fixed = position + LOCAL_BYTES + encoded.length + 4;
    const extra = Buffer.alloc(4 + ((ALIGNMENT - (fixed % ALIGNMENT)) % ALIGNMENT));
    extra.writeUInt16LE(PADDING_ID, 0);
    extra.writeUInt16LE(extra.length - 4, 2);
    const common = commonFields(bytes, encoded.length);
    const local = Buffer.alloc(LOCAL_BYTES);
    local.writeUInt32LE(LOCAL, 0);
    common.copy(local, 4);
    local.writeUInt16LE(extra.length, 28);
    const entry = Buffer.alloc(CENTRAL_BYTES);
    entry.writeUInt32LE(CENTRAL, 0);
    common.copy(entry, 6);
    entry.writeUInt32LE(position, 42);
    central.push(entry, encoded);
    parts.push(local, encoded, extra, bytes);
    position += local.length + encoded.length + extra.length + bytes.length;
  }
  const directory = Buffer.concat(central);
  const end = Buffer.alloc(END_BYTES);
  end.writeUInt32LE(END, 0);
  end.writeUInt16LE(files.size, 8);
  end.writeUInt16LE(files.size, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(position, 16);
  return Buffer.concat([...parts, directory, end]);
}

/** Version, flags, method, time, date, CRC, both sizes and the length of the name: alike in both kinds of header. */
function commonFields(bytes: Uint8Array, nameLength: number): Buffer {
  const fields = Buffer.alloc(24);
  fields.writeUInt16LE(UTF8, 2);
  fields.writeUInt16LE(DATE, 8);
  fields.writeUInt32LE(crc32(bytes), 10);
  fields.writeUInt32LE(bytes.length, 14);
  fields.writeUInt32LE(bytes.length, 18);
  fields.writeUInt16LE(nameLength, 22);
  return fields;
}

/**
 * The files of an archive, seen, not copied.
 *
 * @param file its path, for errors
 * @throws UserError if it is none, is cut or damaged, compressed, encrypted, or names a file twice
 */
export function readZip(archive: Uint8Array, file: string): Map<string, Uint8Array> {
  const bytes = Buffer.from(archive.buffer, archive.byteOffset, archive.byteLength);
  const refuse = (message: string): never => {
    throw new UserError({ file, message });
  };
  const end = endRecord(bytes);
  if (end < 0) return refuse('is no zip archive, as torch.save makes one, or was cut short');
  const count = bytes.readUInt16LE(end + 10);
  const start = bytes.readUInt32LE(end + 16);
  if (start + bytes.readUInt32LE(end + 12) > end)
    return refuse('is a damaged zip archive: its list of files lies beyond its end');
  const found = new Map<string, Uint8Array>();
  let position = start;
  let room = bytes.length;
  for (let i = 0; i < count; i++) {
    if (position + CENTRAL_BYTES > end || bytes.readUInt32LE(position) !== CENTRAL)
      return refuse(`is a damaged zip archive: its list ends before file ${i + 1} of ${count}`);
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map((at) =>
      bytes.readUInt16LE(position + at),
    ) as [number, number, number];
    const nameStart = position + CENTRAL_BYTES;
    const name = bytes.toString('utf8', nameStart, nameStart + nameLength);
    if (found.has(name)) return refuse(`holds ${JSON.stringify(name)} twice`);
    if (bytes.readUInt16LE(position + 8) & ENCRYPTED) return refuse('is an encrypted zip archive');
    if (bytes.readUInt16LE(position + 10) !== 0)
      return refuse(`is a compressed zip archive; torch.save does not compress`);
    const data = dataOf(bytes, position, end);
    // Files that lie in each other would be summed again and again: a small archive, hours of work.
    room -= data?.length ?? 0;
    if (room < 0) return refuse('is a damaged zip archive: files in it overlap');
    if (data === undefined || crc32(data) !== bytes.readUInt32LE(position + 16))
      return refuse(`is damaged: ${JSON.stringify(name)} in it is not what was written`);
    found.set(name, data);
    position = nameStart + nameLength + extraLength + commentLength;
  }
  return found;
}

/** Where the last record of the archive begins; -1 if there is none. */
function endRecord(bytes: Buffer): number {
  const last = bytes.length - END_BYTES;
  for (let at = last; at >= Math.max(0, last - LONGEST_COMMENT); at--)
    if (bytes.readUInt32LE(at) === END) return at;
  return -1;
}

/** The bytes of the file that an entry of the list is of, if they lie before `end`. */
function dataOf(bytes: Buffer, entry: number, end: number): Uint8Array | undefined {
  const size = bytes.readUInt32LE(entry + 24);
  const local = bytes.readUInt32LE(entry + 42);
  if (local + LOCAL_BYTES > end || bytes.readUInt32LE(local) !== LOCAL) return undefined;
  const start = local + LOCAL_BYTES + bytes.readUInt16LE(local + 26) + bytes.readUInt16LE(local + 28);
  return start + size > end ? undefined : bytes.subarray(start, start + size);
}
