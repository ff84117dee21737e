/** A model that is loaded when it is first needed: a study whose stages have all ended needs none. */
import type { EmbedScale, Gemma3 } from '../../model/index.ts';
import type { ModelSource } from '../../runs/index.ts';

/** The model, and how it is let go. */
export interface LazyModel {
  get(): Promise<Gemma3>;
  dispose(): void;
}

/** Of a source that was found; whoever asks for it gets the same one. */
export function lazyModel(source: Pick<ModelSource, 'load'>, embedScale: EmbedScale): LazyModel {
  let loaded: Gemma3 | undefined;
  return {
    async get() {
      loaded ??= (await source.load({ embedScale })).model;
      return loaded;
    },
    dispose() {
      loaded?.dispose();
      loaded = undefined;
    },
  };
}
