// What a validator answers to vectors, as canonical JSON. Runs unchanged in every host.

/** The answer to each vector, in their order. */
export function answers(validator, vectors) {
  return vectors.map((vector) => canonical(answer(validator, vector)));
}

function answer(validator, vector) {
  try {
    return { ok: validator[vector.function](...vector.arguments) };
  } catch (error) {
    if (!(error instanceof Error) || error.name !== "ValidatorError") {
      return { thrown: String(error) };
    }
    const { name, ...properties } = error;
    return { error: { ...properties, message: error.message } };
  }
}

/** JSON without white space, the keys of objects in order (RFC 8785, for what has no fractions). */
function canonical(value) {
  if (Array.isArray(value)) {
    return `[${value.map(canonical).join(",")}]`;
  }
  if (value !== null && typeof value === "object") {
    const members = Object.keys(value).sort().map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`);
    return `{${members.join(",")}}`;
  }
  return JSON.stringify(value);
}
