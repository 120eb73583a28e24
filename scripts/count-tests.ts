/**
 * Adds up the JSON reports of test runs and prints `N passed, N failed, N skipped` alone on a line.
 * Exits 1 when a test failed, a suite could not be loaded, a report is missing, or nothing ran at all.
 */
import { existsSync, readFileSync } from 'node:fs';

interface TestReport {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests?: number;
  readonly numFailedTestSuites?: number;
  readonly success?: boolean;
}

let passed = 0;
let failed = 0;
let skipped = 0;
for (const path of process.argv.slice(2)) {
  if (!existsSync(path)) {
    console.error(`count-tests: ${path} is missing: that suite did not run to its end`);
    failed += 1;
    continue;
  }
  const report = JSON.parse(readFileSync(path, 'utf8')) as TestReport;
  passed += report.numPassedTests;
  // A file that fails to load has a failed suite and no failed test; it must not look green.
  failed += report.numFailedTests > 0 ? report.numFailedTests : report.success === false ? 1 : 0;
  skipped += report.numPendingTests + (report.numTodoTests ?? 0);
}
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
process.exitCode = failed > 0 || passed + skipped === 0 ? 1 : 0;
