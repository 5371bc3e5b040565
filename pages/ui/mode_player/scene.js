// What is in view: the atoms of some cells, their bonds and the edges of the cells.

import { add, inverse, norm, product, scale, subtract, times, triples } from "./algebra.js";

const ON_FACE = 1e-3;
export const MOST_ATOMS = 6000;

/** Atoms of n₁ × n₂ × n₃ cells; those on the outer faces are there on both sides. */
export function buildScene(data, cell, repeat) {
  const lattice = product(cell, data.lattice);
  const atoms = atomsInView(data, cell, repeat);
  const far = corners(lattice, repeat);
  const centre = scale(far.reduce(add), 1 / 8);
  return {
    atoms,
    lattice,
    repeat,
    bonds: bondsInView(data, atoms),
    edges: edges(lattice, repeat),
    centre,
    reach: Math.max(...far.map((corner) => norm(subtract(corner, centre)))),
  };
}

/** About how many atoms a scene would have, without making it. */
export function countAtoms(data, cell, repeat) {
  const [n1, n2, n3] = repeat;
  const volume = Math.abs(cell[0][0] * (cell[1][1] * cell[2][2] - cell[1][2] * cell[2][1])
    - cell[0][1] * (cell[1][0] * cell[2][2] - cell[1][2] * cell[2][0])
    + cell[0][2] * (cell[1][0] * cell[2][1] - cell[1][1] * cell[2][0]));
  return data.atoms.length * volume * n1 * n2 * n3;
}

function atomsInView(data, cell, repeat) {
  const toCell = inverse(cell);
  const [low, high] = cellsNeeded(data, cell, repeat);
  const found = [];
  for (const shift of triples(low, high))
    data.atoms.forEach((atom, kind) => {
      const reduced = add(atom.position, shift);
      const place = times(reduced, toCell);
      if (place.every((x, k) => x > -ON_FACE && x < repeat[k] + ON_FACE))
        found.push({ kind, shift, reduced, home: times(reduced, data.lattice) });
    });
  return found;
}

/** Corners of the box of primitive cells that holds the block. */
function cellsNeeded(data, cell, repeat) {
  const all = corners(cell, repeat);
  const places = data.atoms.map((atom) => atom.position);
  const least = (k) => Math.min(...all.map((c) => c[k])) - Math.max(...places.map((p) => p[k]));
  const most = (k) => Math.max(...all.map((c) => c[k])) - Math.min(...places.map((p) => p[k]));
  const axes = [0, 1, 2];
  return [axes.map((k) => Math.floor(least(k))), axes.map((k) => Math.ceil(most(k)))];
}

function corners(vectors, repeat) {
  return [...triples([0, 0, 0], [1, 1, 1])].map((ends) =>
    times(ends.map((end, k) => end * repeat[k]), vectors));
}

function bondsInView(data, atoms) {
  const name = (kind, shift) => `${kind}:${shift}`;
  const places = new Map(atoms.map((atom, place) => [name(atom.kind, atom.shift), place]));
  const found = [];
  atoms.forEach((atom, place) => {
    for (const [from, to, ...shift] of data.bonds) {
      if (from !== atom.kind) continue;
      const other = places.get(name(to, add(atom.shift, shift)));
      if (other !== undefined) found.push([place, other]);
    }
  });
  return found;
}

function edges(lattice, repeat) {
  const found = [];
  for (let axis = 0; axis < 3; axis++)
    for (const [first, second] of [[0, 0], [0, 1], [1, 0], [1, 1]]) {
      const start = [first, second];
      start.splice(axis, 0, 0);
      const end = [...start];
      end[axis] = 1;
      const whole = (ends) => times(ends.map((x, k) => x * repeat[k]), lattice);
      found.push([whole(start), whole(end)]);
    }
  return found;
}
