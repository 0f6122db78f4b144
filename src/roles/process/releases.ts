/** What a process has to give back, in the reverse order of how it was taken. A release that fails does not stop the others. */
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
