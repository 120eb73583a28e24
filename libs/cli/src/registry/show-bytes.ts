const EVERY_MS = 200;

/** One line on a terminal that tells how far a transfer is; silent elsewhere. */
export function showBytes(out: NodeJS.WriteStream | undefined): {
  update(this: void, done: number, total: number): void;
  end(this: void): void;
} {
  const isShown = out?.isTTY === true;
  const startedAt = performance.now();
  let shownAt = 0;
  return {
    update(done, total) {
      const now = performance.now();
      if (!isShown || (now - shownAt < EVERY_MS && done < total)) return;
      shownAt = now;
      const rate = done / 1e6 / Math.max(0.001, (now - startedAt) / 1000);
      const percent = total === 0 ? 100 : Math.floor((100 * done) / total);
      out.write(
        `\r${percent} %  ${(done / 1e6).toFixed(0)} of ${(total / 1e6).toFixed(0)} MB  ${rate.toFixed(0)} MB/s `,
      );
    },
    end() {
      if (isShown && shownAt > 0) out.write('\n');
    },
  };
}
