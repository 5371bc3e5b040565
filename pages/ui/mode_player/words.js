// How a mode is named and explained.

import { fittingRepeat } from "./motion.js";

const TERA = 12;
const RAISED = "⁰¹²³⁴⁵⁶⁷⁸⁹";

export const fixed = (value, digits) =>
  (Math.abs(value) < 0.5 * 10 ** -digits ? 0 : value).toFixed(digits).replace("-", "−");

const short = (value) => fixed(value, 3).replace(/\.?0+$/, "");

export const qText = (q) => `(${q.map(short).join(", ")})`;

/** H_2 as H₂. */
export const pointLabel = (label) =>
  label.replace(/_(\d)/g, (_, digit) => "₀₁₂₃₄₅₆₇₈₉"[digit]).replace("_", "");

/** Name of the high-symmetry point, or where between two of them. */
export function placeText(data, point) {
  const here = data.points.find(({ at }) => sameQ(data.qpoints[at], data.qpoints[point]));
  return here ? `at ${pointLabel(here.label)}` : "";
}

const sameQ = (a, b) => a.every((x, k) => Math.abs(x - b[k]) < 1e-5);

export function frequencyTexts(data, thz) {
  const others = Object.entries(data.units).map(
    ([unit, factor]) => `${fixed(thz * factor, 1)} ${unit}`);
  return [`${fixed(thz, 2)} THz`, others.join(" · ")];
}

/** What there is to know about the motion in view, in a sentence or two. */
export function explanation(modes, { point, branch, perSecond, cell, repeat }) {
  const kind = modes.kind(point, branch);
  const thz = modes.frequency(point, branch);
  const said = {
    imaginary: "This mode is imaginary: no force brings the atoms back, so they would not swing "
      + "but go on moving away. The pattern is drawn in and out by hand.",
    rigid: "The crystal moves as a whole: nothing pulls it back, and the frequency is zero.",
    wave: `${slowed(thz, perSecond)} than in the crystal.`,
  }[kind];
  return [said, closing(modes.q(point), cell, repeat)].filter(Boolean).join(" ");
}

function slowed(thz, perSecond) {
  const power = Math.log10(Math.abs(thz) / perSecond) + TERA;
  const raised = String(Math.floor(power)).replace(/\d/g, (digit) => RAISED[digit]);
  return `${(10 ** (power - Math.floor(power))).toFixed(1)} · 10${raised} times slower`;
}

function closing(q, cell, repeat) {
  const fits = fittingRepeat(q, cell);
  if (fits.some((n) => n === null)) return "The wave fits no small number of cells.";
  if (fits.every((n, k) => repeat[k] % n === 0)) return "";
  return `The wave closes after ${fits.join(" × ")} cells.`;
}

export function fileName(data, point, branch, ending) {
  const q = data.qpoints[point].map((x) => short(x).replace("−", "-")).join("_");
  return `${data.formula}_q_${q}_branch_${branch}.${ending}`;
}
