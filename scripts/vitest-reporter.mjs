// @ts-check
/** Ends a test run with its counts on a line of their own: `N passed, N failed, N skipped`. */

/** A `Reporter` of vitest. */
export default class CountReporter {
  /**
   * @param {readonly import('vitest/node').TestModule[]} modules
   * @param {readonly unknown[]} errors errors outside any test
   */
  onTestRunEnd(modules, errors) {
    const counts = { passed: 0, failed: errors.length, skipped: 0 };
    for (const module of modules) {
      // A file that does not load has no tests, only errors.
      counts.failed += module.errors().length;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        counts[state === 'pending' ? 'skipped' : state]++;
      }
      for (const suite of module.children.allSuites()) counts.failed += suite.errors().length;
    }
    // After the default reporter's summary, whichever is asked first.
    process.on('exit', () => {
      console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
    });
  }
}
