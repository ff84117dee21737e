import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { type EvaluationRecord, resultsText, taskHash } from '../../../src/eval/results/index.ts';
import { KEY } from './fixture.ts';
import { resultsOf } from './results-of.ts';

const record: EvaluationRecord = { format: 1, identity: 'e', date: '2026-03-04T05-06-07.089', key: KEY };
const text = resultsText(resultsOf(record));
const json = JSON.parse(text);

describe('results', () => {
  it('have the keys of lm-eval in its order, and ours in one behind them', () => {
    const evaluated = 'results groups group_subtasks configs versions n-shot higher_is_better n-samples';
    const simple = 'config git_hash date pretty_env_info transformers_version lm_eval_version upper_git_hash';
    const tokens = 'tokenizer_pad_token tokenizer_eos_token tokenizer_bos_token eot_token_id max_length';
    const tracker = 'task_hashes model_source model_name model_name_sanitized system_instruction';
    const chat = 'system_instruction_sha fewshot_as_multiturn chat_template chat_template_sha';
    const expected = [evaluated, simple, tokens, tracker, chat, 'total_evaluation_time_seconds isogloss'];
    expect(Object.keys(json)).toEqual(expected.join(' ').split(' '));
  });

  it('hold nothing of ours in an entry that its table reads', () => {
    expect(Object.keys(json.results.capitals_ko)).toEqual([
      'name',
      'alias',
      'sample_len',
      'acc,none',
      'acc_stderr,none',
    ]);
    expect(Object.keys(json.results)).toEqual(['capitals', 'capitals_ko', 'capitals_sw']);
  });

  it('write whole means as floats, and no standard error as N/A', () => {
    expect(text).toContain('"acc,none": 1.0,\n      "acc_stderr,none": "N/A"');
  });

  it('give a group the mean that it is given, its items, and its members', () => {
    expect(json.groups).toEqual({ capitals: json.results.capitals });
    expect(json.groups.capitals).toMatchObject({
      'acc,none': 0.75,
      sample_len: 5,
      sample_count: { 'acc,none': 5 },
    });
    expect(json.group_subtasks).toEqual({ capitals: ['capitals_ko', 'capitals_sw'] });
    expect(json['n-samples'].capitals_ko).toEqual({ original: 10, effective: 4 });
  });

  it('say what they are of', () => {
    expect(json.isogloss).toMatchObject({ evaluation: 'e', key: KEY, metric: 'sum' });
    expect(json.isogloss.tasks.capitals).toEqual({ ci95: [0.5, 1], n_clusters: 3 });
    expect(json.config).toMatchObject({ model_sha: KEY.weights, model_num_parameters: 10, limit: null });
    expect(json.date).toBe(Date.parse('2026-03-04T05:06:07.089Z') / 1000);
    expect(json.model_name_sanitized).toBe('runs__a__b');
  });
});

it('hashes a task as lm-eval does: over the hashes of its samples', () => {
  const hash = createHash('sha256').update('abcdef').digest('hex');
  const samples = [
    { doc_hash: 'a', prompt_hash: 'b', target_hash: 'c' },
    { doc_hash: 'd', prompt_hash: 'e', target_hash: 'f' },
  ];
  expect(taskHash(samples)).toBe(hash);
});
