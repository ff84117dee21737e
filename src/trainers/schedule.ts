/** Learning-rate schedules: the factor on the peak learning rate, a pure function of the step. */

/**
 * Linear warm-up from 0 over `warmupSteps`, then linear decay to 0 at `totalSteps`.
 *
 * transformers `get_linear_schedule_with_warmup` (optimization.py, `_get_linear_schedule_with_warmup_lr_lambda`):
 * `step / max(1, warmup)` below the warm-up, `max(0, (total - step) / max(1, total - warmup))` from there on, where
 * `step` counts the optimizer steps already done. So with a warm-up the very first step has a learning rate of 0.
 */
export function linearWithWarmup(step: number, warmupSteps: number, totalSteps: number): number {
  if (step < warmupSteps) return step / Math.max(1, warmupSteps);
  return Math.max(0, (totalSteps - step) / Math.max(1, totalSteps - warmupSteps));
}

/** The same warm-up, then 1 (transformers `get_constant_schedule_with_warmup`). */
export function constantWithWarmup(step: number, warmupSteps: number): number {
  return step < warmupSteps ? step / Math.max(1, warmupSteps) : 1;
}

/** Warm-up steps from a ratio, rounded up as transformers `TrainingArguments.get_warmup_steps` does. */
export function warmupSteps(ratio: number, totalSteps: number): number {
  return Math.ceil(ratio * totalSteps);
}
