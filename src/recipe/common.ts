/**
 * The recipe fields that every method shares. A field exists once, here: its type, its default and its
 * documentation, from which docs/recipes.md, the JSON Schema and every error message are made.
 *
 * `meta.source` says where a default comes from; `meta.unit` what a number counts.
 */
import { z } from 'zod';
import { questions, tasks } from './questions.ts';

const count = () => z.int().positive();
const ratio = () => z.number().min(0).max(1);

/** One data set of a list. */
export const dataSource = z.strictObject({
  path: z
    .string()
    .min(1)
    .meta({
      description:
        'A `.jsonl` or `.jsonl.gz` file, or `builtin:toy`. Each row is a conversation (`messages`), a `prompt` and its `completion`, ' +
        'a `text`, or an OpenAssistant conversation tree (`prompt` with `replies`); which one is told by its keys.',
    }),
  turns: z.enum(['first', 'all']).default('first').meta({
    description:
      'In conversation trees: the opening prompt only, or every prompt with the turns before it as context.',
    source: 'first-turn pairs: the paper',
  }),
  replies: z.enum(['best', 'all']).default('best').meta({
    description: 'In conversation trees: the reply that people ranked first, or every reply.',
    source: 'one reply for each prompt: the paper',
  }),
  max_samples: count().nullable().default(null).meta({
    description: 'Use at most this many rows, the first ones; null uses all.',
    unit: 'rows',
  }),
});

/** One data set or a list of them; a single one is read as a list of one. */
const dataSources = z.preprocess(
  (value) => (Array.isArray(value) || value === undefined ? value : [value]),
  z.array(dataSource).min(1),
);

/** Longest row in tokens. */
export const maxSeqLen = (description: string) =>
  z.int().min(8).max(131_072).default(640).meta({ description, unit: 'tokens', source: '640: the paper' });

export const template = z
  .enum(['chat', 'plain'])
  .default('chat')
  .meta({
    description:
      "The model's chat template (Gemma's where it has none), or prompt and reply as they are. Trained on is what a template " +
      'puts inside of `{% generation %}`, else each reply and the token that ends its turn.',
    source: "Gemma's own format; its markers exist in the vocabulary of the base model, too",
  });

/** Rows of text, each on its own. */
export const rows = z
  .strictObject({
    train: dataSources.meta({ description: 'What to train on: one source or a list of sources.' }),
    eval: dataSources.nullable().default(null).meta({
      description: 'What to measure the held-out loss on: one source or a list. Excludes `eval_fraction`.',
    }),
    eval_fraction: z
      .number()
      .min(0)
      .max(0.5)
      .default(0)
      .meta({
        description:
          'Share of the training rows held out for `eval_loss` instead of `eval`. Rows that share their opening prompt, or their id with another language, ' +
          'stay on one side.',
      }),
    max_seq_len: maxSeqLen(
      'Longest row; a longer reply is cut at its end, a row whose prompt alone is longer is left out, with a warning.',
    ),
    template,
    text_special_tokens: z
      .enum(['tokens', 'text'])
      .default('tokens')
      .meta({
        description:
          'What special tokens that a `text` row spells are (`<start_of_turn>` in a chat that is rendered already): tokens, or ' +
          'text. In prompts, replies and messages they always stay text. Rows that spell one are counted in a warning.',
        source: 'tokens: TRL',
      }),
  })
  .meta({ description: 'Rows of text.' });

const model = z
  .strictObject({
    path: z
      .string()
      .min(1)
      .meta({
        description:
          'A Hugging Face model directory, a `.gguf` file, the folder of a run (its newest checkpoint), the id of a model ' +
          'on the Hugging Face hub (`google/gemma-3-270m`, or `google/gemma-3-270m@revision`; taken from the cache when it ' +
          'is there), or `tiny`: a model of a million parameters with random weights and a byte-level tokenizer.',
      }),
    tokenizer: z
      .string()
      .min(1)
      .nullable()
      .default(null)
      .meta({
        description:
          'Another tokenizer: a directory, a file, or an id of the hub, of which only the tokenizer is fetched; null uses the one ' +
          'beside the model.',
      }),
    embed_scale: z.enum(['bf16', 'exact']).default('bf16').meta({
      description:
        'Factor on the embeddings, the square root of the hidden size: rounded to bfloat16, or exact.',
      source: 'bf16: how Gemma was trained; exact: transformers in float32',
    }),
  })
  .meta({ description: 'The model to start from.' });

const optimizer = z
  .strictObject({
    name: z.enum(['adamw', 'adafactor']).default('adamw').meta({
      description:
        "torch.optim.AdamW, 8 bytes of state a parameter, or transformers' Adafactor without a first moment, next to none.",
      source: 'adamw: transformers and TRL; adafactor: what DeepMind tunes Gemma with',
    }),
    lr: z.number().min(0).max(1).default(5e-5).meta({
      description: 'Peak learning rate.',
      source: '5e-5: the paper, for MIST',
    }),
    betas: z
      .tuple([z.number().min(0).lt(1), z.number().min(0).lt(1)])
      .default([0.9, 0.999])
      .meta({
        description: 'adamw: decay of the running means of the gradient and of its square.',
        source: 'PyTorch',
      }),
    eps: z.number().positive().default(1e-8).meta({
      description: 'adamw: added to the root of the second running mean.',
      source: 'PyTorch',
    }),
    weight_decay: z.number().min(0).max(1).default(0).meta({
      description: 'Decoupled decay of matrices towards zero, times the learning rate.',
      source: 'TRL',
    }),
    adafactor: z
      .strictObject({
        decay_rate: z.number().max(0).min(-2).default(-0.8).meta({
          description: 'The running means decay by 1 - step^decay_rate.',
          source: 'transformers',
        }),
        eps: z
          .tuple([z.number().min(0), z.number().min(0)])
          .default([1e-30, 1e-3])
          .meta({
            description: 'Added to squares of the gradient; least scale of a parameter.',
            source: 'transformers',
          }),
        clip_threshold: z.number().positive().default(1).meta({
          description: 'Largest root mean square of an update before the learning rate.',
          source: 'transformers',
        }),
        scale_parameter: z.boolean().default(false).meta({
          description: "Multiply the step by the parameter's root mean square; then lr is relative.",
          source: "false: transformers' Trainer; true: optax",
        }),
      })
      .prefault({})
      .meta({ description: 'Fields of adafactor alone.' }),
    bf16_weights: z
      .enum(['stochastic_rounding', 'master_copy'])
      .default('stochastic_rounding')
      .meta({
        description:
          'With `backend.storage: bfloat16`: round each new weight up or down by chance, unbiased, or keep a float32 copy ' +
          'of all weights that updates go to (4 bytes a parameter).',
      }),
  })
  .prefault({})
  .meta({ description: 'How gradients change the weights.' });

const schedule = z
  .strictObject({
    name: z.enum(['linear', 'constant']).default('linear').meta({
      description: 'After the warm-up: straight down to 0 at the last step, or the peak throughout.',
      source: 'linear: transformers and TRL',
    }),
    warmup_ratio: ratio().default(0.03).meta({
      description: 'Share of all steps in which the learning rate rises from 0 to its peak.',
      source: '3 %: MidAlign',
    }),
  })
  .prefault({})
  .meta({ description: 'The learning rate over the run.' });

const train = z
  .strictObject({
    batch_size: count().default(16).meta({
      description: 'Rows in an optimizer step, over all micro-batches.',
      unit: 'rows',
      source: '16: the paper',
    }),
    micro_batch_size: count().default(4).meta({
      description:
        'Rows in one forward and backward pass, at most `batch_size`; costs memory, does not change the result.',
      unit: 'rows',
    }),
    epochs: z.number().positive().max(10_000).default(1).meta({
      description: 'Passes over the training rows; may have a fraction.',
      source: '1: the paper',
    }),
    max_steps: count().nullable().default(null).meta({
      description: 'Optimizer steps of the run; overrides `epochs` unless null.',
      unit: 'steps',
    }),
    parameters: z.enum(['all', 'attention']).default('all').meta({
      description: 'What is trained: every weight, or the q, k, v and o projections alone.',
      source: 'all: the paper; attention: Lee et al. 2025, for CLO',
    }),
    optimizer,
    schedule,
    max_grad_norm: z.number().positive().nullable().default(1).meta({
      description: 'Gradients with a larger global L2 norm are scaled down to it; null never does.',
      source: '1.0: transformers and TRL',
    }),
    activation_checkpointing: z.boolean().default(false).meta({
      description: 'Recompute each layer in the backward pass: less memory, about a third more time.',
    }),
  })
  .prefault({})
  .meta({ description: 'The optimization.' });

/** Fields of every recipe beside `method` and what belongs to one method. */
export const common = {
  name: z
    .string()
    .regex(/^[\w][\w.-]*$/, { error: 'may only have letters, digits, ".", "_" and "-"' })
    .max(100)
    .meta({ description: 'Name of the run.' }),
  seed: z.int().min(0).max(0xffff_ffff).default(42).meta({
    description: 'Seed of everything random: order of rows, held-out split, random weights.',
    source: 'transformers',
  }),
  out: z.string().min(1).nullable().default(null).meta({
    description: 'Folder of the run; null is `runs/<name>`.',
  }),
  model,
  train,
  eval_every: count().nullable().default(null).meta({
    description:
      'Measure what is held out, and ask `eval.tasks`, every so many steps; null only before the first and after the last.',
    unit: 'steps',
  }),
  eval: z
    .strictObject({
      tasks: tasks
        .nullable()
        .default(null)
        .meta({
          description:
            'Questions with options that the model is asked while it is trained: a task, a list of them, or names with commas. ' +
            'Logged are `eval_<task>_acc` and `eval_<task>_choice_logprob`, means over the languages but English, and of each ' +
            'language `eval_<task>_acc/es`.',
          each: 'task',
        }),
      ...questions({
        limit: 100,
        split: 'dev2',
        splitSource: 'dev2: a checkpoint that is chosen by what is reported looks better than it is',
      }),
    })
    .prefault({})
    .meta({
      description:
        'Evaluation during training, with the model as it lies in memory and in the number types of `backend`. It changes nothing of ' +
        'what is trained.',
    }),
  checkpoint: z
    .strictObject({
      every: count().nullable().default(500).meta({
        description: 'Save every so many steps; null only at the end and when stopped.',
        unit: 'steps',
        source: '500: transformers',
      }),
      keep_last: count().nullable().default(2).meta({
        description: 'Checkpoints to keep, the newest ones; null keeps all.',
        unit: 'checkpoints',
      }),
      best_metric: z
        .string()
        .min(1)
        .nullable()
        .default(null)
        .meta({
          description:
            'A figure of the evaluations (`eval_loss`, `eval_toy_acc`, `eval_toy_acc/es`): the checkpoint that is best by it is kept ' +
            'beside the newest, and saved if its step is none of `every`. null keeps none for that.',
        }),
      best_is: z.enum(['auto', 'highest', 'lowest']).default('auto').meta({
        description:
          'Which value of `best_metric` is best; auto is the lowest of losses (`eval_loss`, `.._loss`, `eval_nll`) and the highest of all others.',
      }),
    })
    .prefault({})
    .meta({
      description: 'Saving. Every checkpoint is a Hugging Face model directory and can be resumed from.',
    }),
  log: z
    .strictObject({
      every: count().default(10).meta({
        description: 'Steps between lines where there is no terminal; metrics.jsonl always has every step.',
        unit: 'steps',
      }),
    })
    .prefault({})
    .meta({ description: 'What is printed.' }),
  backend: z
    .strictObject({
      name: z.enum(['auto', 'torch', 'tensorflow', 'wasm']).default('auto').meta({
        description: 'What computes: libtorch, @tensorflow/tfjs-node if installed, or WebAssembly.',
      }),
      compute: z.enum(['auto', 'float32', 'bfloat16']).default('auto').meta({
        description: 'Number type of matrix products; auto measures what this machine is fast at.',
      }),
      storage: z
        .enum(['float32', 'bfloat16'])
        .default('float32')
        .meta({
          description:
            'Number type that weights and activations are kept in. Norms, softmax, losses, gradients of weights and ' +
            'optimizer state are float32 either way. bfloat16 halves the memory of weights; see `optimizer.bf16_weights`.',
        }),
      device: z
        .string()
        .regex(/^(auto|cpu|cuda(:\d+)?)$/, { error: 'must be auto, cpu, cuda, or cuda:N' })
        .default('auto')
        .meta({ description: 'Where tensors are: `cpu`, `cuda`, `cuda:1`; auto is the first GPU there is.' }),
      memory_limit: z.number().positive().nullable().default(null).meta({
        description:
          'Tensors may take this much, then there is a clear error; null is what the machine (or container) has.',
        unit: 'GB',
      }),
      threads: count().max(1024).nullable().default(null).meta({
        description: 'Threads to compute with; null is one a core.',
        unit: 'threads',
      }),
    })
    .prefault({})
    .meta({ description: 'The engine.' }),
};
