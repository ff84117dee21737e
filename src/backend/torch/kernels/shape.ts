/** Kernels that create, view, slice, join and gather. Views share storage with what they view. */
import * as tf from '../../tfjs.ts';
import { addon, readShape, scratch, storageCode, writeShape } from '../addon.ts';
import { kernel } from '../register.ts';

type One = { x: tf.TensorInfo };

export function registerShape(): void {
  kernel<One>('Identity', ({ x }, _, backend) => backend.alias(x));

  kernel<One, { shape: number[] }>('Reshape', ({ x }, attrs, backend) => {
    const size = tf.util.sizeFromShape(x.shape);
    const shape = tf.util.inferFromImplicitShape(attrs.shape, size);
    tf.util.assert(
      size === tf.util.sizeFromShape(shape),
      () =>
        `new shape: ${shape}, old shape: ${x.shape}. New shape and old shape must have the same number of elements.`,
    );
    if (x.dtype === 'string') return backend.alias(x, shape);
    const handle = backend.handle(x);
    writeShape(shape);
    return backend.wrap(addon().reshape(handle), x.dtype, shape);
  });

  kernel<{ input: tf.TensorInfo }, { dim: number }>('ExpandDims', ({ input }, { dim }, backend) => {
    const rank = input.shape.length;
    tf.util.assert(
      -(rank + 1) <= dim && dim <= rank,
      () => `Axis must be in the interval [${-(rank + 1)}, ${rank}]`,
    );
    const shape = input.shape.slice();
    shape.splice(dim < 0 ? rank + dim + 1 : dim, 0, 1);
    if (input.dtype === 'string') return backend.alias(input, shape);
    const handle = backend.handle(input);
    writeShape(shape);
    return backend.wrap(addon().reshape(handle), input.dtype, shape);
  });

  kernel<One, { perm: number[] }>('Transpose', ({ x }, { perm }, backend) => {
    const handle = backend.handle(x);
    writeShape(perm);
    return backend.wrap(addon().transpose(handle), x.dtype);
  });

  kernel<One, { dtype: tf.DataType }>('Cast', ({ x }, { dtype }, backend) => {
    if (x.dtype === 'string' || dtype === 'string' || dtype === 'complex64') {
      throw new Error(`Error in Cast: failed to cast ${x.dtype} to ${dtype}`);
    }
    if (x.dtype === dtype) return backend.alias(x);
    return backend.wrap(addon().cast(backend.handle(x), storageCode(dtype)), dtype, x.shape);
  });

  kernel<object, { shape: number[]; value: string | number; dtype?: tf.DataType }>(
    'Fill',
    (_, attrs, backend) => {
      const dtype = attrs.dtype ?? tf.util.inferDtype(attrs.value);
      const { shape, value } = attrs;
      if (dtype === 'string') {
        const strings = new Array<Uint8Array>(tf.util.sizeFromShape(shape)).fill(
          tf.util.encodeString(String(value)),
        );
        return { dataId: backend.write(strings, shape, dtype), shape, dtype };
      }
      if (dtype === 'complex64') throw new Error('complex64 is not supported by the torch backend');
      writeShape(shape);
      return backend.wrap(addon().fill(Number(value), storageCode(dtype)), dtype, shape);
    },
  );

  kernel<object, { start: number; stop: number; step: number; dtype: 'float32' | 'int32' }>(
    'Range',
    (_, attrs, backend) => {
      const { start, stop, dtype } = attrs;
      const step = stop < start && attrs.step === 1 ? -1 : attrs.step; // tfjs-core counts down by itself
      const empty = start === stop || (start < stop && step < 0) || (stop < start && step > 1);
      const count = empty ? 0 : Math.abs(Math.ceil((stop - start) / step));
      return backend.wrap(addon().range(start, step, count, storageCode(dtype)), dtype, [count]);
    },
  );

  kernel<One, { shape: number[] }>('BroadcastTo', ({ x }, { shape }, backend) => {
    const handle = backend.handle(x);
    writeShape(shape);
    return backend.wrap(addon().broadcastTo(handle), x.dtype, shape);
  });

  kernel<One, { reps: number[] }>('Tile', ({ x }, { reps }, backend) => {
    if (x.dtype === 'string') throw new Error('string tensors cannot be tiled on the torch backend');
    const handle = backend.handle(x);
    writeShape(reps);
    return backend.wrap(addon().tile(handle), x.dtype);
  });

  kernel<One, { dims: number | number[] }>('Reverse', ({ x }, { dims }, backend) => {
    const handle = backend.handle(x);
    writeShape(tf.util.parseAxisParam(dims, x.shape));
    return backend.wrap(addon().reverse(handle), x.dtype, x.shape);
  });

  kernel<One, { begin: number | number[]; size: number | number[] }>('Slice', ({ x }, attrs, backend) => {
    if (x.dtype === 'string') throw new Error('string tensors cannot be sliced on the torch backend');
    const [begin, size] = tf.slice_util.parseSliceParams(x as tf.Tensor, attrs.begin, attrs.size) as [
      number[],
      number[],
    ];
    tf.slice_util.assertParamsValid(x, begin, size);
    const handle = backend.handle(x);
    writeShape(begin);
    for (let i = 0; i < size.length; i++) scratch[1 + begin.length + i] = size[i]!;
    return backend.wrap(addon().slice(handle, 0), x.dtype, size);
  });

  kernel<tf.NamedTensorInfoMap, { axis: number }>('Concat', (inputs, { axis }, backend) => {
    const parts = Object.values(inputs) as tf.TensorInfo[];
    const along = tf.util.parseAxisParam(axis, parts[0]!.shape)[0]!;
    tf.backend_util.assertParamsConsistent(
      parts.map((p) => p.shape),
      along,
    );
    const handles = parts.map((p) => backend.handle(p));
    writeShape(handles);
    const dtype = parts.reduce<tf.DataType>((d, p) => tf.upcastType(d, p.dtype), parts[0]!.dtype);
    return backend.wrap(addon().concat(along), dtype);
  });

  kernel<tf.NamedTensorInfoMap, { axis: number }>('Pack', (inputs, { axis }, backend) => {
    const parts = Object.values(inputs) as tf.TensorInfo[];
    for (const p of parts) {
      tf.util.assertShapesMatch(
        parts[0]!.shape,
        p.shape,
        'All tensors passed to stack must have matching shapes',
      );
      tf.util.assert(
        parts[0]!.dtype === p.dtype,
        () => 'All tensors passed to stack must have matching dtypes',
      );
    }
    const shape = parts[0]!.shape.slice();
    const along = axis < 0 ? axis + shape.length + 1 : axis;
    shape.splice(along, 0, 1);
    const views = parts.map((p) => {
      const handle = backend.handle(p);
      writeShape(shape);
      return addon().reshape(handle);
    });
    writeShape(views);
    const packed = addon().concat(along);
    const packedShape = readShape();
    for (const view of views) addon().free(view);
    return backend.wrap(packed, parts[0]!.dtype, packedShape);
  });

  kernel<{ value: tf.TensorInfo }, { axis: number }>('Unpack', ({ value }, attrs, backend) => {
    const rank = value.shape.length;
    const axis = attrs.axis < 0 ? attrs.axis + rank : attrs.axis;
    const rest = value.shape.filter((_, i) => i !== axis);
    const handle = backend.handle(value);
    return Array.from({ length: value.shape[axis]! }, (_, k) => {
      writeShape(value.shape.map((_, i) => (i === axis ? k : 0)));
      value.shape.forEach((s, i) => {
        scratch[1 + rank + i] = i === axis ? 1 : s;
      });
      const part = addon().slice(handle, 0);
      writeShape(rest);
      const row = addon().reshape(part);
      addon().free(part);
      return backend.wrap(row, value.dtype, rest);
    });
  });

  kernel<One, { numOrSizeSplits: number | number[]; axis: number }>('SplitV', ({ x }, attrs, backend) => {
    const rank = x.shape.length;
    const axis = tf.util.parseAxisParam(attrs.axis, x.shape)[0]!;
    const sizes = tf.backend_util.prepareSplitSize(x as tf.Tensor, attrs.numOrSizeSplits, axis);
    const handle = backend.handle(x);
    let start = 0;
    return sizes.map((size) => {
      writeShape(x.shape.map((_, i) => (i === axis ? start : 0)));
      x.shape.forEach((s, i) => {
        scratch[1 + rank + i] = i === axis ? size : s;
      });
      start += size;
      return backend.wrap(addon().slice(handle, 0), x.dtype);
    });
  });

  kernel<One, { paddings: Array<[number, number]>; constantValue: number }>(
    'PadV2',
    ({ x }, attrs, backend) => {
      const handle = backend.handle(x);
      writeShape(attrs.paddings.flat());
      scratch[0] = attrs.paddings.length;
      return backend.wrap(addon().pad(handle, attrs.constantValue), x.dtype);
    },
  );

  kernel<{ x: tf.TensorInfo; indices: tf.TensorInfo }, { axis: number; batchDims: number }>(
    'GatherV2',
    ({ x, indices }, attrs, backend) => {
      if (x.dtype === 'string') throw new Error('string tensors cannot be gathered on the torch backend');
      const axis = tf.util.parseAxisParam(attrs.axis, x.shape)[0]!;
      const batchDims = attrs.batchDims ?? 0;
      // Checks the shapes; its message is the one TensorFlow.js' users know.
      tf.backend_util.segment_util.collectGatherOpShapeInfo(
        x as tf.Tensor,
        indices as tf.Tensor,
        axis,
        batchDims,
      );
      const positive = batchDims < 0 ? batchDims + indices.shape.length : batchDims;
      return backend.wrap(
        addon().gather(backend.handle(x), backend.handle(indices), axis, positive),
        x.dtype,
      );
    },
  );

  kernel<{ x: tf.TensorInfo; segmentIds: tf.TensorInfo }, { numSegments: number }>(
    'UnsortedSegmentSum',
    ({ x, segmentIds }, { numSegments }, backend) =>
      backend.wrap(
        addon().unsortedSegmentSum(backend.handle(x), backend.handle(segmentIds), numSegments),
        x.dtype,
      ),
  );

  kernel<
    { indices: tf.TensorInfo },
    { depth: number; onValue: number; offValue: number; dtype: 'float32' | 'int32' | 'bool' }
  >('OneHot', ({ indices }, attrs, backend) =>
    backend.wrap(
      addon().oneHot(
        backend.handle(indices),
        attrs.depth,
        attrs.onValue,
        attrs.offValue,
        storageCode(attrs.dtype),
      ),
      attrs.dtype,
    ),
  );
}
