/** Turns what jasmine reports into passed, failed, skipped and stale. Pure, so that it can be tested itself. */

export interface SpecOutcome {
  name: string;
  status: 'passed' | 'failed' | 'pending';
  messages: string[];
}

/** Specs that may fail, and why. */
export interface IgnoredGroup {
  reason: string;
  specs: readonly string[];
}

export interface Verdict {
  passed: number;
  /** Failed for a kernel that is not registered. */
  skipped: number;
  /** Failed as listed. */
  listed: number;
  /** Marked pending by the spec itself. */
  pending: number;
  failures: SpecOutcome[];
  stale: { name: string; why: string }[];
  /** Kernel -> number of specs that were skipped for it. */
  missingKernels: Map<string, number>;
}

const MISSING_KERNEL = /Kernel '(\w+)' not registered for backend/;

/**
 * @param outcomes one per spec that ran; several specs may share a name
 * @param complete whether all specs ran; only then can a listed name be found not to exist
 */
export function judge(outcomes: SpecOutcome[], ignored: readonly IgnoredGroup[], complete: boolean): Verdict {
  const verdict: Verdict = {
    passed: 0,
    skipped: 0,
    listed: 0,
    pending: 0,
    failures: [],
    stale: [],
    missingKernels: new Map(),
  };
  const listed = new Set(ignored.flatMap((group) => group.specs));
  const ran = new Set<string>();
  const listedAndFailed = new Set<string>();
  for (const outcome of outcomes) {
    ran.add(outcome.name);
    const missing = outcome.messages.map((message) => MISSING_KERNEL.exec(message)?.[1]).find(Boolean);
    if (outcome.status === 'pending') verdict.pending++;
    else if (outcome.status === 'passed') verdict.passed++;
    else if (missing !== undefined) {
      verdict.skipped++;
      verdict.missingKernels.set(missing, (verdict.missingKernels.get(missing) ?? 0) + 1);
    } else if (listed.has(outcome.name)) {
      verdict.listed++;
      listedAndFailed.add(outcome.name);
    } else verdict.failures.push(outcome);
  }
  for (const name of listed) {
    if (listedAndFailed.has(name)) continue;
    if (ran.has(name))
      verdict.stale.push({ name, why: 'listed in ignore.ts but does not fail (or is skipped)' });
    else if (complete) verdict.stale.push({ name, why: 'listed in ignore.ts but no such spec ran' });
  }
  return verdict;
}
