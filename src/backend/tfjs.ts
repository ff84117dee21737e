/**
 * The one door to TensorFlow.js: tfjs-core with every gradient and every chained op registered.
 *
 * tfjs-core's Node entry point leaves both out, and its registration modules are ES modules with extensionless
 * imports that Node cannot load by itself, so this file only works bundled (esbuild for the command line, Vite
 * for the tests). Everything else in the project imports `tf` from here.
 */
import '@tensorflow/tfjs-core/dist/register_all_gradients';
import '@tensorflow/tfjs-core/dist/public/chained_ops/register_all_chained_ops';

export * from '@tensorflow/tfjs-core';
