// What every JavaScript host here does, however its engine was loaded and wherever package and rows came from.

/** A line of JSON per row: what the package answers. `rows` is a tensor as readNpy gives it, [rows, ...]. */
export function* answerRows(runtime, { dtype, dims: [count, ...dims], data }) {
  const bytes = data.length / count;
  for (let row = 0; row < count; row += 1) {
    const { predictedClass, exit, score, probabilities } = runtime.run({ dtype, dims, data: data.subarray(row * bytes, (row + 1) * bytes) });
    yield JSON.stringify({ class: predictedClass, exit, score, probabilities: [...probabilities] });
  }
}
