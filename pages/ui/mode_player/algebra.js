// Vectors are arrays of three numbers; matrices are arrays of three rows.

export const add = (a, b) => [a[0] + b[0], a[1] + b[1], a[2] + b[2]];
export const subtract = (a, b) => [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
export const scale = (a, factor) => [a[0] * factor, a[1] * factor, a[2] * factor];
export const dot = (a, b) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
export const norm = (a) => Math.hypot(a[0], a[1], a[2]);
export const unit = (a) => scale(a, 1 / (norm(a) || 1));

export function cross(a, b) {
  return [
    a[1] * b[2] - a[2] * b[1],
    a[2] * b[0] - a[0] * b[2],
    a[0] * b[1] - a[1] * b[0],
  ];
}

/** Row vector times matrix. */
export function times(row, matrix) {
  return [0, 1, 2].map((k) => row[0] * matrix[0][k] + row[1] * matrix[1][k] + row[2] * matrix[2][k]);
}

export const product = (a, b) => a.map((row) => times(row, b));

export function inverse(m) {
  const [bc, ca, ab] = [cross(m[1], m[2]), cross(m[2], m[0]), cross(m[0], m[1])];
  const determinant = dot(m[0], bc);
  return [0, 1, 2].map((k) => [bc[k] / determinant, ca[k] / determinant, ab[k] / determinant]);
}

/** Rotation about the first (right) or second (up) axis of the screen. */
export function turn(axis, angle) {
  const [c, s] = [Math.cos(angle), Math.sin(angle)];
  return axis === 0
    ? [[1, 0, 0], [0, c, -s], [0, s, c]]
    : [[c, 0, s], [0, 1, 0], [-s, 0, c]];
}

/** All triples of whole numbers between two corners, both included. */
export function* triples(low, high) {
  for (let i = low[0]; i <= high[0]; i++)
    for (let j = low[1]; j <= high[1]; j++)
      for (let k = low[2]; k <= high[2]; k++) yield [i, j, k];
}
