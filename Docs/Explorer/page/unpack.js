// From the text of this page to bytes: base 85, and LZMA, in which the two modules take half the room that gzip needs,
// since they share most of their code.

/** The bytes of a text in the base 85 of Python's base64.b85encode, with a comma for `<`, which HTML would not like. */
function bytesOf(text) {
  const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;,=>?@^_`{|}~";
  const digits = new Uint8Array(128);
  for (let i = 0; i < 85; i++) digits[alphabet.charCodeAt(i)] = i;
  const characters = text.trim();
  const whole = Math.ceil(characters.length / 5);
  const bytes = new Uint8Array(whole * 4);
  const view = new DataView(bytes.buffer);
  for (let group = 0; group < whole; group++) {
    let value = 0;
    for (let i = 5 * group; i < 5 * group + 5; i++) {
      value = value * 85 + (i < characters.length ? digits[characters.charCodeAt(i)] : 84);
    }
    view.setUint32(4 * group, value);
  }
  return bytes.subarray(0, bytes.length - (5 * whole - characters.length));
}

/** A raw LZMA1 stream of a known size with lp = 0 and pb = 0, unpacked as far as it is asked for. */
class Unpacker {
  constructor(input, size, context) {
    this.context = context;
    this.input = input;
    this.next = 5;
    this.code = new DataView(input.buffer, input.byteOffset).getUint32(1);
    this.range = 0xffffffff;
    this.output = new Uint8Array(size);
    this.at = 0;
    this.state = 0;
    this.repeats = [0, 0, 0, 0];
    const chances = (count) => new Uint16Array(count).fill(1024);
    const lengths = () => ({ choice: chances(2), low: chances(8), middle: chances(8), high: chances(256) });
    this.isMatch = chances(12);
    this.isRepeat = chances(12);
    this.isLater = [chances(12), chances(12), chances(12)];
    this.isLong = chances(12);
    this.slots = [0, 1, 2, 3].map(() => chances(64));
    this.special = chances(128);
    this.aligned = chances(16);
    this.matchLength = lengths();
    this.repeatLength = lengths();
    this.literals = chances(0x300 << context);
  }

  bit(chances, index) {
    const chance = chances[index];
    const bound = (this.range >>> 11) * chance;
    let bit = 0;
    if (this.code < bound) {
      this.range = bound;
      chances[index] = chance + ((2048 - chance) >> 5);
    } else {
      this.range -= bound;
      this.code -= bound;
      chances[index] = chance - (chance >> 5);
      bit = 1;
    }
    if (this.range < 0x1000000) {
      this.range = (this.range << 8) >>> 0;
      this.code = ((this.code << 8) | this.input[this.next++]) >>> 0;
    }
    return bit;
  }

  tree(chances, bits) {
    let node = 1;
    for (let i = 0; i < bits; i++) node = (node << 1) | this.bit(chances, node);
    return node - (1 << bits);
  }

  /** The lowest bit first; `base` is the place of node 0 among the chances. */
  reversed(chances, base, bits) {
    let [node, value] = [1, 0];
    for (let i = 0; i < bits; i++) {
      const bit = this.bit(chances, base + node);
      node = (node << 1) | bit;
      value |= bit << i;
    }
    return value;
  }

  direct(bits) {
    let value = 0;
    for (let i = 0; i < bits; i++) {
      this.range >>>= 1;
      const bit = this.code >= this.range ? 1 : 0;
      if (bit) this.code -= this.range;
      if (this.range < 0x1000000) {
        this.range = (this.range << 8) >>> 0;
        this.code = ((this.code << 8) | this.input[this.next++]) >>> 0;
      }
      value = value * 2 + bit;
    }
    return value;
  }

  length({ choice, low, middle, high }) {
    if (!this.bit(choice, 0)) return 2 + this.tree(low, 3);
    if (!this.bit(choice, 1)) return 10 + this.tree(middle, 3);
    return 18 + this.tree(high, 8);
  }

  literal() {
    const base = 0x300 * ((this.at ? this.output[this.at - 1] : 0) >> (8 - this.context));
    let node = 1;
    if (this.state >= 7) {
      let matched = this.output[this.at - this.repeats[0] - 1];
      do {
        const expected = (matched >> 7) & 1;
        matched <<= 1;
        const bit = this.bit(this.literals, base + ((1 + expected) << 8) + node);
        node = (node << 1) | bit;
        if (bit !== expected) break;
      } while (node < 0x100);
    }
    while (node < 0x100) node = (node << 1) | this.bit(this.literals, base + node);
    this.output[this.at++] = node & 0xff;
    this.state = this.state < 4 ? 0 : this.state < 10 ? this.state - 3 : this.state - 6;
  }

  distance(length) {
    const slot = this.tree(this.slots[Math.min(length - 2, 3)], 6);
    if (slot < 4) return slot;
    const bits = (slot >> 1) - 1;
    const start = (2 | (slot & 1)) * 2 ** bits;
    if (slot < 14) return start + this.reversed(this.special, start - slot, bits);
    return start + this.direct(bits - 4) * 16 + this.reversed(this.aligned, 0, 4);
  }

  /** Unpacks at least so many bytes; answers those from one place to another. */
  between(from, to) {
    const { repeats, output } = this;
    while (this.at < to) {
      if (!this.bit(this.isMatch, this.state)) {
        this.literal();
        continue;
      }
      let length;
      if (!this.bit(this.isRepeat, this.state)) {
        length = this.length(this.matchLength);
        this.state = this.state < 7 ? 7 : 10;
        repeats.unshift(this.distance(length));
        repeats.pop();
      } else {
        let which = 0;
        if (!this.bit(this.isLater[0], this.state)) {
          if (!this.bit(this.isLong, this.state)) {
            this.state = this.state < 7 ? 9 : 11;
            output[this.at] = output[this.at - repeats[0] - 1];
            this.at++;
            continue;
          }
        } else {
          which = !this.bit(this.isLater[1], this.state) ? 1 : !this.bit(this.isLater[2], this.state) ? 2 : 3;
        }
        repeats.unshift(...repeats.splice(which, 1));
        length = this.length(this.repeatLength);
        this.state = this.state < 7 ? 8 : 11;
      }
      for (let i = 0; i < length; i++, this.at++) output[this.at] = output[this.at - repeats[0] - 1];
    }
    return output.slice(from, to);
  }
}
