import { IDENTITY_ERASE } from "@tributary/protocol";
import { type Key, textOf } from "../chains/key.ts";
import type { KeyHomes } from "../chains/key-homes.ts";
import type { Messages, Subject } from "./messages.ts";

/** An anonymous ID that is to be erased with a user. */
interface Notice {
  readonly subject: Subject;
  readonly key: Key;
  readonly receipt: Uint8Array;
  /** Whether the erasure was asked for by this anonymous ID. */
  linked: boolean;
}

interface UserErasure {
  readonly user: number;
  readonly version: number;
  readonly notices: Map<string, Notice>;
}

/**
 * Collects the anonymous IDs that are to be erased with a user, and notifies each one's partition once, with all that was
 * collected about it: a second message under the same receipt has no effect.
 */
export class ErasureNotices {
  readonly #homes: KeyHomes;
  readonly #messages: Messages;
  /** The erasure taken last. */
  #last: UserErasure | undefined;

  constructor(homes: KeyHomes, messages: Messages) {
    this.#homes = homes;
    this.#messages = messages;
  }

  /** Begins a batch. */
  begin(): void {
    this.#last = undefined;
  }

  /** Begins a user's erasure; the notices of the one before are sent. */
  beginUser(user: number, version: number): void {
    this.send();
    this.#last = { user, version, notices: new Map() };
  }

  /** Adds an anonymous ID to the erasure begun last. */
  add(subject: Subject, key: Key, receipt: Uint8Array, linked: boolean): void {
    const notices = this.#last?.notices;
    const name = `${key.uuid ? 1 : 0}:${textOf(key)}`;
    const known = notices?.get(name);
    if (known === undefined) notices?.set(name, { subject, key, receipt, linked });
    else known.linked ||= linked;
  }

  /** Sends the notices of the erasure begun last. */
  send(): void {
    if (this.#last === undefined) return;
    const { user, version, notices } = this.#last;
    for (const { subject, key, receipt, linked } of notices.values()) {
      const to = this.#homes.homeOfKey(user, key);
      const record = { kind: IDENTITY_ERASE, linked, version, receipt };
      this.#messages.send(to, subject, user, record, 0);
    }
    this.#last = undefined;
  }
}
