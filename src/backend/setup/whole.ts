/**
 * Whether files that some program was to write are all there: a `pip install` or a compiler that was killed leaves
 * them cut, and the linker then speaks of them as if the addon were at fault.
 */
import {
  closeSync,
  existsSync,
  fstatSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  statSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** Libraries of torch that the addon is linked with, or that those need. */
const NEEDED = /^lib(torch|torch_cpu|torch_cuda|c10|c10_cuda)\.(so|dylib)$/;
const SHARED = /\.(so(\.\d+)*|dylib)$/;
const linux = process.platform === 'linux';

/** What is wrong with a file that is shorter than it says itself (ELF), or no library at all; undefined if nothing. */
export function cutLibrary(file: string): string | undefined {
  const fd = openSync(file, 'r');
  try {
    const { size } = fstatSync(fd);
    const end = elfEnd(fd);
    if (end === undefined) return linux ? `is no library (${size} bytes)` : undefined;
    return end > size ? `is cut off: ${size} of ${end} bytes` : undefined;
  } finally {
    closeSync(fd);
  }
}

/** True if there is a library or an object that can be used as one. */
export function isWholeLibrary(file: string): boolean {
  try {
    return cutLibrary(file) === undefined;
  } catch {
    return false;
  }
}

/**
 * What is wrong with the libraries of the torch in `dir`; undefined if nothing. Reads their heads only: well under a
 * millisecond each.
 */
export function cutTorchLibrary(dir: string): string | undefined {
  const lib = join(dir, 'lib');
  // The others may be anything, as long as the addon does not load them.
  const names = existsSync(lib) ? readdirSync(lib).filter((name) => NEEDED.test(name)) : [];
  if (!names.some((name) => name.startsWith('libtorch_cpu.'))) return 'it has no libtorch_cpu';
  for (const name of names) {
    const fault = cutLibrary(join(lib, name));
    if (fault) return `its lib/${name} ${fault}`;
  }
  return undefined;
}

/**
 * What is missing or shorter than the list that pip keeps of the torch in `dir` says, of headers and libraries;
 * undefined if nothing, also where there is no list (conda, a build from source).
 */
export function cutTorchFile(dir: string): string | undefined {
  const record = pipRecord(dir);
  if (record === undefined) return undefined;
  const top = basename(dir);
  for (const line of readFileSync(record, 'utf8').split('\n')) {
    // path,sha256=..,bytes; paths of headers and libraries hold no comma.
    const [path = '', , length = ''] = line.trim().split(',');
    const inTorch = path.startsWith(`${top}/`) ? path.slice(top.length + 1) : '';
    const isLibrary = inTorch.startsWith('lib/') && NEEDED.test(basename(inTorch));
    if (!isLibrary && !inTorch.startsWith('include/')) continue;
    const size = statSync(join(dir, inTorch), { throwIfNoEntry: false })?.size;
    if (size === undefined) return `its ${inTorch} is missing`;
    // A library that was stripped is shorter and whole: it tells by itself where that can be read.
    if (size < Number(length) && !(linux && SHARED.test(inTorch)))
      return `its ${inTorch} is cut off: ${size} of ${length} bytes`;
  }
  return undefined;
}

/** The list of what pip (or uv) has installed with the torch in `dir`: written when all of it is there. */
export function pipRecord(dir: string): string | undefined {
  const packages = dirname(dir);
  const names = readdirSync(packages).filter((name) => /^torch-.*\.dist-info$/.test(name));
  return names
    .map((name) => join(packages, name, 'RECORD'))
    .find((file) => statSync(file, { throwIfNoEntry: false })?.isFile());
}

/** Bytes of the 64-bit ELF file: to the end of its last segment and of its table of sections. Undefined if it is none. */
function elfEnd(fd: number): number | undefined {
  const head = Buffer.alloc(64);
  if (readSync(fd, head, 0, 64, 0) < 64 || head.readUInt32BE(0) !== 0x7f454c46) return undefined;
  const at = (table: Buffer, offset: number) => Number(table.readBigUInt64LE(offset));
  const [segments, sections] = [at(head, 32), at(head, 40)];
  const [segmentSize, numSegments] = [head.readUInt16LE(54), head.readUInt16LE(56)];
  const [sectionSize, numSections] = [head.readUInt16LE(58), head.readUInt16LE(60)];
  const table = Buffer.alloc(segmentSize * numSegments);
  const found = readSync(fd, table, 0, table.length, segments);
  const ends = [sections + sectionSize * numSections, segments + table.length];
  for (let start = 0; start + 40 <= found; start += segmentSize)
    ends.push(at(table, start + 8) + at(table, start + 32));
  return Math.max(...ends);
}
