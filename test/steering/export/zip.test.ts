import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../../src/errors.ts';
import { readZip, zipBytes } from '../../../src/steering/export/zip.ts';

const files = new Map([
  ['a/data.pkl', Buffer.from('one')],
  ['a/data/0', Buffer.alloc(100, 7)],
  ['a/é', Buffer.alloc(0)],
]);
const archive = Buffer.from(zipBytes(files));

describe('a zip archive', () => {
  it('gives back its files by their names', () => {
    const found = readZip(archive, 'x.pt');
    expect([...found.keys()]).toEqual([...files.keys()]);
    for (const [name, bytes] of files) expect(Buffer.from(found.get(name)!)).toEqual(bytes);
  });

  it('has its data at multiples of 64, as torch lays them', () => {
    for (const bytes of readZip(archive, 'x.pt').values())
      expect((bytes.byteOffset - archive.byteOffset) % 64).toBe(0);
  });

  it('is the same for the same files', () => {
    expect(Buffer.from(zipBytes(files))).toEqual(archive);
  });

  it('is refused cut short at any byte', () => {
    for (let length = 0; length < archive.length; length++)
      expect(() => readZip(archive.subarray(0, length), 'x.pt')).toThrow(UserError);
  });

  it('is refused with a byte of its files changed', () => {
    const at = archive.indexOf('one');
    const changed = Buffer.from(archive);
    changed[at]! ^= 1;
    expect(() => readZip(changed, 'x.pt')).toThrow('x.pt: is damaged: "a/data.pkl"');
  });

  it('is refused compressed, encrypted, and with a file twice', () => {
    const entry = archive.indexOf(Buffer.of(0x50, 0x4b, 1, 2));
    const compressed = Buffer.from(archive);
    compressed.writeUInt16LE(8, entry + 10);
    expect(() => readZip(compressed, 'x.pt')).toThrow('compressed zip archive');
    const encrypted = Buffer.from(archive);
    encrypted.writeUInt16LE(1, entry + 8);
    expect(() => readZip(encrypted, 'x.pt')).toThrow('encrypted zip archive');
    const twice = zipBytes(
      new Map([...['aa', 'ab'].map((name): [string, Buffer] => [name, Buffer.from('x')])]),
    );
    const named = Buffer.from(Buffer.from(twice).toString('latin1').replaceAll('ab', 'aa'), 'latin1');
    expect(() => readZip(named, 'x.pt')).toThrow('holds "aa" twice');
  });

  it('is refused when all its entries are the same bytes: summing them would take for ever', () => {
    const big = Buffer.alloc(1 << 20, 1);
    const names = Array.from({ length: 40 }, (_, i) => `f${String(i).padStart(4, '0')}`);
    const sound = Buffer.from(
      zipBytes(new Map(names.map((name, i) => [name, i === 0 ? big : Buffer.alloc(0)]))),
    );
    for (let at = 0; (at = sound.indexOf(Buffer.of(0x50, 0x4b, 1, 2), at)) >= 0; at += 4) {
      sound.writeUInt32LE(crc32(big), at + 16);
      sound.writeUInt32LE(big.length, at + 24);
      sound.writeUInt32LE(0, at + 42);
    }
    expect(() => readZip(sound, 'x.pt')).toThrow('files in it overlap');
  });

  it('with any byte flipped is read or refused', () => {
    fc.assert(
      fc.property(fc.nat(archive.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const bytes = Buffer.from(archive);
        bytes[at]! ^= flip;
        try {
          readZip(bytes, 'x.pt');
        } catch (error) {
          expect(error).toBeInstanceOf(UserError);
        }
      }),
      { numRuns: 500 },
    );
  });
});
