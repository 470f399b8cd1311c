const INITIAL_SLOTS = 64;

/** What occurred in a session, by number, each with its arrival. Beginning another session costs nothing. */
export class SessionKeys {
  #keys = new Float64Array(INITIAL_SLOTS);
  #arrivals = new Int32Array(INITIAL_SLOTS);
  /** The session that wrote each slot. */
  #sessions = new Float64Array(INITIAL_SLOTS);
  #session = 1;
  #size = 0;

  /** Begins a session. */
  begin(): void {
    this.#session += 1;
    this.#size = 0;
  }

  /** The arrival of a key; −1 where it did not occur. @param key from 1 to 2^53 − 1 */
  find(key: number): number {
    const slot = this.#slotOf(key);
    return this.#sessions[slot] === this.#session ? (this.#arrivals[slot] as number) : -1;
  }

  /** Gives a key its arrival, or another one. */
  set(key: number, arrival: number): void {
    const slot = this.#slotOf(key);
    const isNew = this.#sessions[slot] !== this.#session;
    this.#keys[slot] = key;
    this.#arrivals[slot] = arrival;
    this.#sessions[slot] = this.#session;
    if (!isNew) return;
    this.#size += 1;
    if (this.#size * 2 > this.#keys.length) this.#grow();
  }

  /** The slot that holds the key, or the free one that it would go to. */
  #slotOf(key: number): number {
    const mask = this.#keys.length - 1;
    let slot = (Math.imul(key | 0, 0x9e3779b1) >>> 8) & mask;
    while (this.#sessions[slot] === this.#session && this.#keys[slot] !== key) {
      slot = (slot + 1) & mask;
    }
    return slot;
  }

  #grow(): void {
    const [keys, arrivals, sessions] = [this.#keys, this.#arrivals, this.#sessions];
    this.#keys = new Float64Array(keys.length * 2);
    this.#arrivals = new Int32Array(keys.length * 2);
    this.#sessions = new Float64Array(keys.length * 2);
    this.#size = 0;
    for (let slot = 0; slot < keys.length; slot += 1) {
      if (sessions[slot] !== this.#session) continue;
      this.set(keys[slot] as number, arrivals[slot] as number);
    }
  }
}
