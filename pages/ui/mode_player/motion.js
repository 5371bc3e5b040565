// Which way the atoms move: u(r, t) = Re[e exp(i 2π q·r) exp(−iωt)] / √m, r the atom's own
// position, scaled so that the atom that moves most reaches the chosen amplitude.

import { dot } from "./algebra.js";

const FULL_SCALE = 32767;
const CLOSES = 1e-3;
const AT_GAMMA = 1e-6;
const LONGEST_REPEAT = 12;

function bytes(base64) {
  return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0)).buffer;
}

/** The modes of a result, by point of the path and branch from 1. */
export class Modes {
  constructor(data) {
    this.data = data;
    this.vectors = new Int16Array(bytes(data.vectors));
    this.frequencies = new Float32Array(bytes(data.frequencies_thz));
    this.points = data.qpoints.length;
    this.branches = data.branches;
  }

  q(point) {
    return this.data.qpoints[point];
  }

  frequency(point, branch) {
    return this.frequencies[point * this.branches + branch - 1];
  }

  /** What the frequency means for the motion: a wave, no force back, or a runaway. */
  kind(point, branch) {
    const frequency = this.frequency(point, branch);
    const small = Math.abs(this.data.imaginary_thz);
    if (frequency < -small) return "imaginary";
    const atGamma = this.q(point).every((x) => Math.abs(x) < AT_GAMMA);
    return atGamma && frequency < small ? "rigid" : "wave";
  }

  /** Complex excursions of the atoms of the primitive cell; the largest is 1. */
  excursions(point, branch) {
    const atoms = this.data.atoms;
    const start = (point * this.branches + branch - 1) * atoms.length * 6;
    const moved = atoms.map((atom, j) => {
      const weight = 1 / (FULL_SCALE * Math.sqrt(atom.mass));
      const part = (k) => weight * this.vectors[start + 6 * j + k];
      return { re: [part(0), part(2), part(4)], im: [part(1), part(3), part(5)] };
    });
    const largest = Math.max(...moved.map(semiMajorAxis));
    for (const { re, im } of moved)
      for (let k = 0; k < 3; k++) {
        re[k] /= largest;
        im[k] /= largest;
      }
    return moved;
  }

  /** The kept point nearest to one of all points of the path, on the same segment. */
  nearest(index) {
    const { index: kept, segments } = this.data;
    const segment = (place) => segments.filter((start) => start <= place).length;
    let best = 0;
    let least = Infinity;
    kept.forEach((place, point) => {
      const far = Math.abs(place - index) + (segment(place) === segment(index) ? 0 : 1e6);
      if (far < least) [best, least] = [point, far];
    });
    return best;
  }
}

/** Half the long axis of the ellipse on which an atom moves. */
function semiMajorAxis({ re, im }) {
  const square = dot(re, re) + dot(im, im);
  const bilinear = Math.hypot(dot(re, re) - dot(im, im), 2 * dot(re, im));
  return Math.sqrt((square + bilinear) / 2);
}

/** The motion of the atoms in view in one mode. */
export class Pattern {
  constructor(scene, modes, point, branch) {
    const count = scene.atoms.length;
    this.swings = modes.kind(point, branch) === "wave";
    this.inPhase = new Float32Array(3 * count);
    this.behind = new Float32Array(3 * count);
    const excursions = modes.excursions(point, branch);
    const q = modes.q(point);
    scene.atoms.forEach((atom, place) => {
      this.place(place, excursions[atom.kind], 2 * Math.PI * dot(q, atom.reduced));
    });
  }

  place(atom, { re, im }, angle) {
    const [c, s] = [Math.cos(angle), Math.sin(angle)];
    for (let k = 0; k < 3; k++) {
      this.inPhase[3 * atom + k] = re[k] * c - im[k] * s;
      this.behind[3 * atom + k] = re[k] * s + im[k] * c;
    }
  }

  /** Displacements at a phase ωt, in units of the amplitude. */
  at(phase, into) {
    const c = Math.cos(phase);
    const s = this.swings ? Math.sin(phase) : 0;
    for (let k = 0; k < into.length; k++) into[k] = c * this.inPhase[k] + s * this.behind[k];
    return into;
  }
}

/** The smallest repeats of a cell after which a wave closes; null where there is none. */
export function fittingRepeat(q, cell) {
  return cell.map((row) => {
    const turns = dot(q, row);
    for (let n = 1; n <= LONGEST_REPEAT; n++)
      if (Math.abs(n * turns - Math.round(n * turns)) < CLOSES) return n;
    return null;
  });
}

