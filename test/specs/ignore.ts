/**
 * Conformance specs that fail on the `torch` backend for a reason that is accepted: nothing here is reached by
 * training, evaluation or steering. Names as `npm run specs` prints them. Taken off as soon as they pass: a listed
 * spec that passes fails the run.
 */
import type { IgnoredGroup } from './verdict.ts';

export const IGNORED: readonly IgnoredGroup[] = [
  {
    reason:
      'String tensors have no storage in libtorch: the backend keeps them, and refuses to compute with them.',
    specs: [
      'concat3d Accepts string tensor.',
      'equal should support string comparison',
      'greaterEqual should support string comparison',
      'greater should support string comparison',
      'lessEqual should support string comparison',
      'less should support string comparison',
      'notEqual should support string comparison',
      'slice  accepts string slices 2x2x2 array into 2x1x1 no size.',
      'slice  accepts string slices 2x2x2 array into 1x2x2 with scalar begin no size.',
      'slice  accepts string slice encoded string.',
      'stack accepts string.',
      'tile 1d string tensor',
      'tile 2d string tensor',
      'tile 6D string tensor',
      'unstack accepts string',
    ],
  },
];
