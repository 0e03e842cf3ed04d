// The module in this thread, page or worker: bytes in, JSON and numbers out.
"use strict";

class Engine {
  static async of(moduleBytes) {
    const engine = new Engine();
    const { instance } = await WebAssembly.instantiate(moduleBytes, {});
    engine.exports = instance.exports;
    return engine;
  }

  /** Writes integers where the next call finds them. */
  give(integers) {
    const address = this.exports.room(integers.length);
    new Int32Array(this.exports.memory.buffer, address, integers.length).set(integers);
  }

  /** Calls an export and answers its object; `numbers` are those that the object points into. */
  call(name, integers, ...reals) {
    this.give(integers);
    const length = this.exports[name](...reals);
    const { buffer } = this.exports.memory;
    const answer = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, this.exports.text(), length)));
    if (answer.fault) throw new Error(answer.fault);
    answer.numbers = new Float64Array(buffer, this.exports.numbers(), this.exports.numberCount()).slice();
    return answer;
  }

  /** Loads a model: its config.json, its parameters by name and size, and the parts of their bf16 numbers. */
  load(config, parameters, { fractions, exponents }) {
    const { loma } = config;
    const names = this.call("configure", [
      config.vocab_size, config.hidden_size, config.intermediate_size, config.num_hidden_layers,
      config.num_attention_heads, config.num_key_value_heads, config.head_dim, config.tie_word_embeddings ? 1 : 0,
      loma.text_vocabulary, loma.memory_token, loma.repetition_token, loma.compression_ratio, loma.memory_length,
    ], config.rms_norm_eps, config.rope_theta).parameters;
    let start = 0;
    for (const [name, count] of parameters) {
      const address = this.exports.room(count);
      const values = new Int32Array(this.exports.memory.buffer, address, count);
      for (let i = 0; i < count; i++) {
        const fraction = fractions[start + i];
        values[i] = ((fraction & 0x80) << 8) | (exponents[start + i] << 7) | (fraction & 0x7f);
      }
      this.exports.weigh(names.indexOf(name));
      start += count;
    }
  }

  /** The integers of a question: c, t, the axes' values, the mistake, the text. */
  static question({ c, t, axes, mistake = -1 }, tokens) {
    return [c, t, ...axes, mistake, ...tokens];
  }
}
