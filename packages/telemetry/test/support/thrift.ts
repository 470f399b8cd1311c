/** A value of the Thrift binary protocol. Strings are bytes: the wire does not tell them from binary. */
export type ThriftValue =
  | boolean
  | number
  | bigint
  | Buffer
  | ThriftStruct
  | readonly ThriftValue[];

/** A struct as its fields by number. */
export type ThriftStruct = ReadonlyMap<number, ThriftValue>;

/**
 * Reads the Thrift binary protocol, which names no fields: a test that knows the IDL asks by
 * number. https://github.com/apache/thrift/blob/master/doc/specs/thrift-binary-protocol.md
 */
export class ThriftReader {
  readonly #bytes: Buffer;
  #offset = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** Skips a message's header (strict: version and type, name, sequence) and gives its name. */
  readMessageName(): string {
    this.#advance(4);
    const name = this.#readBytes().toString("utf8");
    this.#advance(4);
    return name;
  }

  readStruct(): ThriftStruct {
    const fields = new Map<number, ThriftValue>();
    for (;;) {
      const type = this.#bytes.readUInt8(this.#advance(1));
      if (type === 0) return fields;
      const field = this.#bytes.readInt16BE(this.#advance(2));
      fields.set(field, this.#readValue(type));
    }
  }

  #readValue(type: number): ThriftValue {
    switch (type) {
      case 2:
        return this.#bytes.readUInt8(this.#advance(1)) !== 0;
      case 3:
        return this.#bytes.readInt8(this.#advance(1));
      case 4:
        return this.#bytes.readDoubleBE(this.#advance(8));
      case 6:
        return this.#bytes.readInt16BE(this.#advance(2));
      case 8:
        return this.#bytes.readInt32BE(this.#advance(4));
      case 10:
        return this.#bytes.readBigInt64BE(this.#advance(8));
      case 11:
        return this.#readBytes();
      case 12:
        return this.readStruct();
      case 14:
      case 15:
        return this.#readList();
      default:
        throw new Error(`thrift type ${type} at byte ${this.#offset}`);
    }
  }

  #readList(): ThriftValue[] {
    const type = this.#bytes.readUInt8(this.#advance(1));
    const size = this.#bytes.readInt32BE(this.#advance(4));
    return Array.from({ length: size }, () => this.#readValue(type));
  }

  #readBytes(): Buffer {
    const length = this.#bytes.readInt32BE(this.#advance(4));
    const start = this.#advance(length);
    return this.#bytes.subarray(start, start + length);
  }

  #advance(bytes: number): number {
    const start = this.#offset;
    this.#offset += bytes;
    if (bytes < 0 || this.#offset > this.#bytes.length) throw new Error("thrift value is cut off");
    return start;
  }
}

export function structOf(value: ThriftValue | undefined): ThriftStruct {
  return value instanceof Map ? value : new Map<number, ThriftValue>();
}

export function listOf(value: ThriftValue | undefined): readonly ThriftValue[] {
  return Array.isArray(value) ? value : [];
}

export function textOf(value: ThriftValue | undefined): string {
  return Buffer.isBuffer(value) ? value.toString("utf8") : "";
}

export function numberOf(value: ThriftValue | undefined): number {
  return typeof value === "bigint" || typeof value === "number" ? Number(value) : 0;
}

/** A 64-bit ID as 16 hex digits. */
export function hexOf(value: ThriftValue | undefined): string {
  const id = typeof value === "bigint" ? BigInt.asUintN(64, value) : 0n;
  return id.toString(16).padStart(16, "0");
}
