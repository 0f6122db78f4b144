/**
 * The resources that a process has to release, in the reverse order of their acquisition. A release that fails does not
 * stop the others.
 */
export class Releases {
  readonly #stack: (() => Promise<void>)[] = [];

  add(release: () => Promise<void>): void {
    this.#stack.push(release);
  }

  async all(): Promise<void> {
    const errors: unknown[] = [];
    for (let release = this.#stack.pop(); release !== undefined; release = this.#stack.pop()) {
      try {
        await release();
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw new AggregateError(errors, 'not everything could be closed');
  }
}
