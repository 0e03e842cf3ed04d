// A worker has an engine of its own: it trains, and tries every mistake, while the page stays quick.
"use strict";

let engine = null;

onmessage = async ({ data }) => {
  try {
    if (data.load) {
      engine = await Engine.of(data.load.module);
      if (data.load.weights) engine.load(data.load.config, data.load.parameters, data.load.weights);
      postMessage({ ready: true });
    } else if (data.train) {
      train(data.train);
    } else if (data.recite) {
      engine.call("adopt", []);
      postMessage({ recited: recite(data.recite), text: data.recite.tokens });
    } else if (data.measure) {
      for (const mistake of data.measure.mistakes) {
        let answer;
        try {
          answer = recite({ ...data.measure, mistake });
        } catch (fault) {
          answer = { fault: fault.message };
        }
        postMessage({ measured: mistake, key: data.measure.key, ...answer });
      }
      postMessage({ measured: "all", key: data.measure.key });
    }
  } catch (fault) {
    postMessage({ fault: fault.message });
  }
};

function recite(question) {
  const answer = engine.call("read", Engine.question(question, question.tokens));
  return { tokens: answer.recitals.flatMap(([tokens]) => tokens), chunks: answer.recitals.length };
}

/** Steps for at most a while, so that messages are heard between. */
function train({ recipe, seed, steps, milliseconds }) {
  const { model, loma, data, training, optimiser } = recipe;
  if (recipe.begin) {
    engine.call("beginTraining", [
      model.num_hidden_layers, model.hidden_size, model.intermediate_size, model.num_attention_heads,
      model.num_key_value_heads, loma.compression_ratio, loma.memory_length, data.alphabet, training.chunks,
      training.batch, training.steps, optimiser.warm_up, seed,
    ], optimiser.learning_rate, optimiser.beta1, optimiser.beta2, optimiser.epsilon, optimiser.weight_decay,
    optimiser.largest_norm, model.rms_norm_eps, model.rope_theta);
  }
  const points = [];
  const end = performance.now() + milliseconds;
  do {
    const { step, right, of, loss, numbers } = engine.call("trainStep", []);
    points.push([step, numbers[loss[0]], right / of]);
  } while (performance.now() < end && points.length < steps);
  postMessage({ points });
}
