// Sets of rivals: statements of a patch that contradict one another, directly or through others.

/** @typedef {import("./scene_model.js").Statement} Statement */

/**
 * The numbers in sets of rivals, the set with the best score first and the best of each set first.
 * @param {Statement[]} statements of a patch
 * @param {number[]} numbers of those that have rivals
 * @returns {number[][]}
 */
export function rivalSets(statements, numbers) {
  const left = new Set([...numbers].sort((a, b) => rank(statements[b]) - rank(statements[a])));
  const sets = [];
  for (const number of left) sets.push(takeSet(statements, number, left));
  return sets;
}

/**
 * All that hangs together with a statement, taken out of `left`, the best first.
 * @param {Statement[]} statements
 * @param {number} first
 * @param {Set<number>} left
 */
function takeSet(statements, first, left) {
  const found = [first];
  left.delete(first);
  for (const number of found) {
    for (const rival of statements[number].rivals) if (left.delete(rival)) found.push(rival);
  }
  return found.sort((a, b) => rank(statements[b]) - rank(statements[a]) || a - b);
}

/** @param {Statement} statement */
function rank({ score }) {
  return score ?? -1;
}
