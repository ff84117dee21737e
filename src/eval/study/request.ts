/** A study of steering: what `isogloss eval --steering` is asked for. */
import type { BackendOptions } from '../../backend/index.ts';
import type { EmbedScale } from '../../model/index.ts';
import type { FindProgress, StopRequest } from '../../runs/index.ts';
import type { ReadPosition, SteeredTokens } from '../../steering/vector.ts';
import type { AskSettings, TaskRequest } from '../ask.ts';
import type { PartSettings } from '../part.ts';

/** Vectors that act: English, the country, or both. */
export type StudyKind = 'en' | 'loc' | 'sur';

/** Kinds of vectors. */
export type StudyVector = 'en' | 'loc';

/** Where a vector is added, and how much of it. */
export interface Place {
  layer: number;
  gamma: number;
}

/** What stands beside the steered model. */
export interface StudyControls {
  /** Random directions. */
  random: number;
  wrongCountry: boolean;
  /** Times the chosen gamma. */
  doses: readonly number[];
  /** Are cultural questions asked with their country named, too? */
  context: boolean;
}

/** What is asked for. */
export interface StudyRequest {
  kind: StudyKind;
  model: string;
  tokenizer?: string;
  embedScale: EmbedScale;
  backend: BackendOptions;
  tokenBudget: number;
  /** How both tasks are asked; `limit` is of Test, and the parts are made by `parts`. */
  asking: Omit<AskSettings, 'split'>;
  parts: Omit<PartSettings, 'part'>;
  universal: TaskRequest;
  /** Without the option `form`: it is asked without its country, and with it. */
  cultural: TaskRequest;
  /** Places that are not to be chosen. */
  fixed: Partial<Record<StudyVector, Place>>;
  /** To choose from; null is all. */
  layers: readonly number[] | null;
  gammas: readonly number[];
  /** What is to be largest on Dev2. */
  chooseBy: 'accuracy' | 'choice_logprob';
  readAt: ReadPosition;
  appliedAt: SteeredTokens;
  /** Folder of vectors; undefined is one below `out`. */
  vectors?: string;
  /** The model that vectors are taken from; undefined is the one that is steered. */
  vectorsFrom?: string;
  controls: StudyControls;
  out: string;
}

/** How a study is watched and stopped. */
export interface StudyOptions {
  cwd: string;
  progress: FindProgress;
  stop: StopRequest;
  /** Hears before each stage. */
  onStage(text: string): void;
  /** Hears often: of prompts, cells or answers. */
  onCount(at: { name: string; done: number; total: number }): void;
}

/** The vectors that a kind of steering adds, in the order of their layers. */
export function vectorsOf(kind: StudyKind): StudyVector[] {
  return kind === 'sur' ? ['en', 'loc'] : [kind];
}
