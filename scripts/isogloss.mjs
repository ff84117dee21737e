#!/usr/bin/env node
// @ts-check
/** The command `isogloss`: makes the checkout runnable if need be, then hands over to src/cli/main.ts. */
import { prepareOrExit } from './prepare.mjs';

await prepareOrExit();
await import(new URL('../dist/cli.js', import.meta.url).href);
