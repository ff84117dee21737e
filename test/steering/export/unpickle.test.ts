import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../../src/errors.ts';
import { PickledTensor, unpickle } from '../../../src/steering/export/unpickle.ts';

/** Opcodes as in Python's pickletools; text is latin1. */
const read = (opcodes: string) => unpickle(Buffer.from(opcodes, 'latin1'), 'x.pt');
const text = (value: string) => `X${String.fromCharCode(value.length)}\0\0\0${value}`;
const storage = `(${text('storage')}ctorch\nFloatStorage\n${text('0')}${text('cpu')}K\x03tQ`;
const tensor = `ctorch._utils\n_rebuild_tensor_v2\n(${storage}K\0K\x03\x85K\x01\x85\x89ccollections\nOrderedDict\n)RtR`;

describe('a pickle of tensors', () => {
  it('is read as dictionaries, texts, numbers and views of storages', () => {
    const found = read(`\x80\x02}(${text('a')}G?\xf0\0\0\0\0\0\0${text('b')}N${text('c')}${tensor}u.`);
    const map = found as Map<string, unknown>;
    expect([map.get('a'), map.get('b')]).toEqual([1, null]);
    const view = map.get('c') as PickledTensor;
    expect(view).toBeInstanceOf(PickledTensor);
    expect([view.storage.type, view.storage.key, view.offset, view.size, view.stride]).toEqual([
      'torch FloatStorage',
      '0',
      0,
      [3],
      [1],
    ]);
  });

  it('recalls what it kept', () => {
    expect(read(`\x80\x02${text('a')}q\x07h\x07\x86.`)).toEqual(['a', 'a']);
    expect(read('\x80\x02](K\x01M\x02\x01J\xff\xff\xff\xffe.')).toEqual([1, 258, -1]);
  });

  it('is refused where it calls anything else', () => {
    expect(() => read(`\x80\x02cos\nsystem\n(${text('id')}tR.`)).toThrow(
      'x.pt: holds a pickle that is not read: it calls os.system, which makes no tensor',
    );
    expect(() => read('\x80\x02c__builtin__\neval\n)R.')).toThrow('it calls __builtin__.eval');
    expect(() => read(`\x80\x02${text('a')})R.`)).toThrow('it calls what is no function');
  });

  it('is refused with opcodes that torch.save does not write, and of another protocol', () => {
    expect(() => read('\x80\x02}b.')).toThrow('opcode 0x62 is none');
    expect(() => read('\x80\x02ios\nsystem\n.')).toThrow('opcode 0x69 is none');
    expect(() => read('\x80\x04}.')).toThrow('it is of protocol 4; torch.save writes 2');
  });

  it('is refused where it takes what it has not made', () => {
    for (const opcodes of ['.', '\x85.', 't.', '(\x85.', 'h\x01.', 's.', '}Ns.', 'NNs.', 'K\x01Q.', '}NNa.'])
      expect(() => read(`\x80\x02${opcodes}`), JSON.stringify(opcodes)).toThrow(UserError);
  });

  it('is refused cut short at any byte', () => {
    const whole = Buffer.from(`\x80\x02}(${text('c')}${tensor}u.`, 'latin1');
    for (let length = 0; length < whole.length; length++)
      expect(() => unpickle(whole.subarray(0, length), 'x.pt')).toThrow(UserError);
  });

  it('of any bytes is read or refused', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        try {
          unpickle(bytes, 'x.pt');
        } catch (error) {
          expect(error).toBeInstanceOf(UserError);
        }
      }),
      { numRuns: 1000 },
    );
  });
});
