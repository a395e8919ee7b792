// SPDX-License-Identifier: Apache-2.0
import { ApiError } from './api';

/** Something that a person asked for: under way, done, or why it was not. */
export class Act {
  busy = $state(false);
  done = $state(false);
  error = $state.raw<unknown>(null);

  async run(work: () => Promise<unknown>): Promise<boolean> {
    this.busy = true;
    this.done = false;
    this.error = null;
    try {
      await work();
      this.done = true;
    } catch (e) {
      this.error = e;
    }
    this.busy = false;
    return this.done;
  }

  /** The platform's code of what went wrong, '' when nothing did. */
  get code(): string {
    return this.error instanceof ApiError ? this.error.code : this.error ? '?' : '';
  }
}
