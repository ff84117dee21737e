import type { CommandModule } from 'yargs';
import { cat } from './cat.ts';
import { compare } from './compare.ts';
import { env } from './env.ts';
import { evalVerb } from './eval.ts';
import { generate } from './generate.ts';
import { geometry } from './geometry.ts';
import { ls } from './ls.ts';
import { plane } from './plane.ts';
import { resume } from './resume.ts';
import { schema } from './schema.ts';
import { score } from './score.ts';
import { setup } from './setup.ts';
import { steer } from './steer.ts';
import { train } from './train.ts';
import { validate } from './validate.ts';

/** All verbs, in the order of `--help`. */
export const verbs = [
  train,
  resume,
  generate,
  evalVerb,
  score,
  compare,
  geometry,
  steer,
  plane,
  validate,
  ls,
  cat,
  schema,
  env,
  setup,
] as unknown as CommandModule[];
