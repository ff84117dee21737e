/** What a field's name says: read, refused with a reason, known to say nothing, a slip of the pen, or unknown. */
import { describe, expect, it } from 'vitest';
import { INERT_KEYS, type Level, misspelling, REFUSED_KEYS, ROW_KEYS, useOf } from '../../src/data/keys.ts';

const hint = (key: string, level: Level = 'row') => {
  const found = useOf(key, level);
  return found.use === 'misspelt' ? found.hint : found.use;
};

describe('useOf', () => {
  it('knows a slip of the pen: a letter off, two swapped, another case, other separators', () => {
    expect(hint('sytem')).toBe('system');
    expect(hint('histroy')).toBe('history');
    expect(hint('System')).toBe('system');
    expect(hint('tool-calls', 'message')).toBe('tool_calls');
    expect(hint('rfom', 'message')).toBe('from');
    expect(hint('wieght', 'message')).toBe('weight');
    expect(hint('txet', 'part')).toBe('text');
  });

  it('means the nearest: trainin is training, though train is near, too', () => {
    expect(hint('trainin', 'message')).toBe('training');
    expect(hint('trainabel', 'message')).toBe('trainable');
    expect(hint('tool_call')).toBe('tool_calls');
  });

  it('takes a word in its own right for no slip, however near it stands', () => {
    for (const key of ['level', 'test', 'file', 'next', 'height', 'difficulty', 'answer', 'response'])
      expect(useOf(key, 'row'), key).toEqual({ use: 'unread' });
  });

  it('names a field of another level as not read: content of a row, messages of a message', () => {
    expect(useOf('content', 'row')).toEqual({ use: 'unread' });
    expect(useOf('messages', 'message')).toEqual({ use: 'unread' });
    expect(useOf('role', 'part')).toEqual({ use: 'unread' });
  });

  it('refuses what counts where it cannot count: weight of a row or a part, not of a message', () => {
    expect(useOf('weight', 'row')).toMatchObject({ use: 'refused', reason: /`weight` 0 or 1/ });
    expect(useOf('weight', 'part')).toMatchObject({ use: 'refused' });
    expect(useOf('weight', 'message')).toEqual({ use: 'read' });
    expect(useOf('name', 'message')).toMatchObject({ use: 'refused' });
    expect(useOf('name', 'row')).toEqual({ use: 'unread' });
  });

  it('never says both that a field is refused and that it says nothing', () => {
    expect([...REFUSED_KEYS.keys()].filter((key) => INERT_KEYS.has(key))).toEqual([]);
    expect(ROW_KEYS.filter((key) => REFUSED_KEYS.has(key) || INERT_KEYS.has(key))).toEqual([]);
  });
});

describe('misspelling', () => {
  it('is none for a word of two other letters, for signs alone, and for a name of any length', () => {
    expect(misspelling('level', ['label'])).toBeUndefined();
    expect(misspelling('__', ['text'])).toBeUndefined();
    expect(misspelling('text'.repeat(1_000_000), ['text'])).toBeUndefined();
  });
});
