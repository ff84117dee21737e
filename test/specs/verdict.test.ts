import { describe, expect, it } from 'vitest';
import { judge } from './verdict.ts';

const failed = (name: string, message: string) => ({ name, status: 'failed' as const, messages: [message] });
const passed = (name: string) => ({ name, status: 'passed' as const, messages: [] });
const list = [{ reason: 'because', specs: ['listed'] }];

describe('verdict on the conformance specs', () => {
  it('skips and counts a spec whose kernel is not registered', () => {
    const verdict = judge([failed('a', "Error: Kernel 'FFT' not registered for backend 'torch'")], [], true);
    expect(verdict).toMatchObject({ skipped: 1, failures: [] });
    expect([...verdict.missingKernels]).toEqual([['FFT', 1]]);
  });

  it('fails a spec that fails for any other reason and is not listed', () => {
    expect(judge([failed('a', 'Expected 1 to equal 2')], list, false).failures).toHaveLength(1);
  });

  it('accepts a listed spec that fails', () => {
    expect(judge([failed('listed', 'no complex64')], list, true)).toMatchObject({
      listed: 1,
      failures: [],
      stale: [],
    });
  });

  it('calls a listed spec that passes stale', () => {
    expect(judge([passed('listed')], list, false).stale).toHaveLength(1);
  });

  it('calls a listed spec that does not exist stale, when all specs ran', () => {
    expect(judge([passed('other')], list, true).stale).toHaveLength(1);
    expect(judge([passed('other')], list, false).stale).toHaveLength(0);
  });
});
