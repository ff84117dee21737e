/**
 * The keys and values of every block for a batch of growing sequences. Room is made as they grow, and doubled each time:
 * what may be generated is often many times what is, and 4B keeps 278 KB for every token.
 *
 * Shapes: B rows, T new tokens a row, M = B T, C tokens there is room for, N query heads, K key/value heads, H head dim.
 */
import { appendCache, attention, cachedAttention, type Places } from '../backend/index.ts';
import * as tf from '../backend/tfjs.ts';
import type { Gemma3Config } from './config.ts';

/** Tokens a row that there is room for at first. */
const FIRST = 64;

export class KeyValueCache {
  /** Tokens each row holds. */
  readonly lengths: Int32Array;
  private readonly keys: tf.Variable[] = [];
  private readonly values: tf.Variable[] = [];

  /** Tokens a row that there is room for now. */
  private room = 0;

  /** @param capacity tokens a row may grow to */
  constructor(
    private readonly config: Gemma3Config,
    readonly rows: number,
    readonly capacity: number,
  ) {
    this.lengths = new Int32Array(rows);
  }

  /** Makes room for this many tokens a row, at most the capacity; those it holds stay. */
  reserve(tokens: number): void {
    const room = Math.min(tokens, this.capacity);
    if (room <= this.room) return;
    const { numHiddenLayers, numKeyValueHeads: K, headDim: H } = this.config;
    // One tensor after the other: never more than one of them is there twice.
    for (let layer = 0; layer < numHiddenLayers; layer++) {
      for (const list of [this.keys, this.values]) {
        const old = list[layer];
        list[layer] = tf.tidy(() => {
          const fresh = tf.zeros([this.rows, room - this.room, K, H]);
          return tf.variable(old === undefined ? fresh : tf.concat([old, fresh], 1), false);
        });
        old?.dispose();
      }
    }
    this.room = room;
  }

  /** Where the real tokens of segments_BT go (segment 0, padding, comes last in a row); makes room for them. */
  places(segments_BT: tf.Tensor2D): Places {
    const T = segments_BT.shape[1];
    const segments = segments_BT.dataSync();
    const counts = Int32Array.from(this.lengths, (_, b) => {
      let count = 0;
      while (count < T && segments[b * T + count] !== 0) count++;
      return count;
    });
    const needed = this.lengths.reduce((most, length, b) => Math.max(most, length + counts[b]!), 0);
    if (needed > this.room) this.reserve(Math.max(needed, 2 * this.room, FIRST));
    return { starts_B: tf.tensor1d(this.lengths.slice(), 'int32'), counts_B: tf.tensor1d(counts, 'int32') };
  }

  /** Appends one block's keys and values and attends to all of them. */
  attend(
    layer: number,
    q_MNH: tf.Tensor3D,
    k_MKH: tf.Tensor3D,
    v_MKH: tf.Tensor3D,
    segments_BT: tf.Tensor2D,
    places: Places,
    window: number,
    scale: number,
  ): tf.Tensor3D {
    const [B, T] = segments_BT.shape;
    const [, N, H] = q_MNH.shape;
    const K = k_MKH.shape[1];
    const [keys, values] = [this.keys[layer]!, this.values[layer]!];
    appendCache(keys, tf.reshape(k_MKH, [B, T, K, H]), places);
    appendCache(values, tf.reshape(v_MKH, [B, T, K, H]), places);
    // With nothing cached before, the new tokens see only each other.
    if (this.lengths.every((length) => length === 0))
      return attention(q_MNH, k_MKH, v_MKH, segments_BT, window, scale);
    const out_BTNH = cachedAttention(
      tf.reshape(q_MNH, [B, T, N, H]) as tf.Tensor4D,
      keys,
      values,
      places,
      window,
      scale,
    );
    return tf.reshape(out_BTNH, [B * T, N, H]) as tf.Tensor3D;
  }

  /** Counts the tokens that have been appended; after the last block. */
  advance(places: Places): void {
    const counts = places.counts_B.dataSync();
    for (let b = 0; b < this.rows; b++) this.lengths[b] = this.lengths[b]! + counts[b]!;
  }

  dispose(): void {
    for (const variable of [...this.keys, ...this.values]) variable.dispose();
  }
}
