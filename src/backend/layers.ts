/**
 * The one door to tfjs-layers, for small models of their own, such as linear probes; the decoder is none of its layers. It
 * shares the tfjs-core of `tfjs.ts`, which has to be loaded with its gradients for `fit` to work.
 */
import './tfjs.ts';

export * from '@tensorflow/tfjs-layers';
