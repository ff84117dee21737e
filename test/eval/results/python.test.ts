import { describe, expect, it } from 'vitest';
import { sha256 } from '../../../src/eval/results/digest.ts';
import { Float, pythonFloat, pythonJson } from '../../../src/eval/results/python.ts';

describe('pythonFloat', () => {
  it.each([
    [-1.5, '-1.5'],
    [-12, '-12.0'],
    [0, '0.0'],
    [-0, '-0.0'],
    [1e16, '1e+16'],
    [123456789012345680, '1.2345678901234568e+17'],
    [1e15, '1000000000000000.0'],
    [0.0001, '0.0001'],
    [0.00001234, '1.234e-05'],
    [1e-7, '1e-07'],
    [1.5e300, '1.5e+300'],
    [Number.NEGATIVE_INFINITY, '-inf'],
    [-3.0000001, '-3.0000001'],
  ])('writes %d as Python does: %s', (value, text) => {
    expect(pythonFloat(value)).toBe(text);
  });
});

describe('pythonJson', () => {
  // hashlib.sha256(json.dumps(doc, indent=2, ensure_ascii=False).encode()).hexdigest() of Python 3.11.
  it.each([
    [
      'Korean and null',
      { question: '수도는 어디입니까?', options: ['서울', '부산'], answer: null },
      '33d4e08f0a110b0498b31e3b30ef98908495ff5d607802509790df0347f88c04',
    ],
    [
      'quotes, U+2028, control characters and emoji',
      {
        q: 'He said "no" \\ and\tleft\n',
        sep: 'a\u2028b\u2029c',
        ctl: '\u0000\u001f\u007f',
        emoji: '🦉',
      },
      '4b062811f29c231625a78af991054d5df56c91d098586d49e6f7f3519f0b9612',
    ],
    [
      'what is empty or nested',
      { empty: {}, none: [], nested: { a: [1, -2, { b: true, c: false }] }, s: '' },
      'da9e80e5ecdf277b52ca21d7e531fa276fa7fcea8ddb569528a9eecf302c1671',
    ],
    [
      'floats, which JavaScript spells otherwise',
      { small: 0.00001, half: 0.5, tiny: 1.5e-7, thirds: 0.1, big: 1.5e300 },
      '0b186e9fee0909096d0fc1cc465446c320fe7ac6bf3d8a3abddf24aa97d0ff98',
    ],
  ])('hashes as in Python: %s', (_, doc, hash) => {
    expect(sha256(pythonJson(doc, 2))).toBe(hash);
  });

  it('writes whole floats with a point, by which Python tells them from ints', () => {
    expect(pythonJson({ acc: new Float(1), n: 1 })).toBe('{"acc": 1.0, "n": 1}');
  });

  it('never writes what is no JSON', () => {
    expect(JSON.parse(pythonJson([Number.NaN, new Float(Number.NEGATIVE_INFINITY), undefined]))).toEqual([
      null,
      null,
      null,
    ]);
  });
});
