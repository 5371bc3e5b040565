// How the crystal is looked at: turned by mouse, finger or key, from far away (orthographic).

import { cross, product, scale, subtract, turn, unit, dot } from "./algebra.js";

const RADIANS_PER_PIXEL = 0.009;
const KEY_STEP = 0.12;
const ZOOM_STEP = 1.2;
const ZOOM_LIMITS = [0.4, 8];
const MARGIN_A = 1.1;
const START = [0.42, -1, 0.3];

export class Camera {
  constructor() {
    this.zoom = 1;
    this.turn = [[1, 0, 0], [0, 1, 0], [0, 0, 1]];
  }

  /** Fit a scene into view without turning. */
  frame(scene) {
    this.centre = scene.centre;
    this.reach = scene.reach + MARGIN_A;
    this.lattice = scene.lattice;
  }

  /** Look from a direction, with another one up. */
  lookFrom(towards, up) {
    const back = unit(towards);
    const upright = unit(subtract(up, scale(back, dot(up, back))));
    this.turn = [cross(upright, back), upright, back];
  }

  lookFromCorner() {
    const along = this.lattice.map(unit);
    const towards = [0, 1, 2].map((k) =>
      START[0] * along[0][k] + START[1] * along[1][k] + START[2] * along[2][k]);
    this.lookFrom(towards, this.lattice[2]);
    this.zoom = 1;
  }

  /** Look along a cell axis, 0 to 2; c is up, or b when looking along c. */
  lookAlong(axis) {
    this.lookFrom(this.lattice[axis], this.lattice[axis === 2 ? 1 : 2]);
  }

  drag(right, down) {
    const about = product(turn(0, down * RADIANS_PER_PIXEL), turn(1, right * RADIANS_PER_PIXEL));
    this.turn = product(about, this.turn);
  }

  zoomBy(factor) {
    this.zoom = Math.min(Math.max(this.zoom * factor, ZOOM_LIMITS[0]), ZOOM_LIMITS[1]);
  }

  view(aspect) {
    const half = this.reach / this.zoom;
    const wide = aspect > 1 ? [half * aspect, half] : [half, half / aspect];
    return {
      turn: this.turn,
      centre: this.centre,
      halfSize: [...wide, this.reach * 1.2],
    };
  }

  /** Where a point of space is on the screen, from 0 to 1, right and down. */
  project(point, aspect) {
    const { halfSize } = this.view(aspect);
    const apart = subtract(point, this.centre);
    return [
      0.5 + (0.5 * dot(this.turn[0], apart)) / halfSize[0],
      0.5 - (0.5 * dot(this.turn[1], apart)) / halfSize[1],
    ];
  }
}

/** Let mouse, fingers, wheel and keys move a camera; the wheel only after a click. */
export function steer(canvas, camera, changed, signal) {
  const fingers = new Map();
  const on = (name, react) => canvas.addEventListener(name, react, { signal, passive: false });
  on("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    fingers.set(event.pointerId, [event.clientX, event.clientY]);
  });
  for (const name of ["pointerup", "pointercancel"])
    on(name, (event) => fingers.delete(event.pointerId));
  on("pointermove", (event) => {
    if (!fingers.has(event.pointerId)) return;
    move(camera, fingers, event);
    changed();
  });
  on("wheel", (event) => {
    if (canvas.getRootNode().activeElement !== canvas) return;
    event.preventDefault();
    camera.zoomBy(Math.exp(-event.deltaY * 0.0015));
    changed();
  });
  on("keydown", (event) => {
    if (!press(camera, event.key)) return;
    event.preventDefault();
    changed();
  });
}

function move(camera, fingers, event) {
  const before = fingers.get(event.pointerId);
  const now = [event.clientX, event.clientY];
  const other = [...fingers.entries()].find(([id]) => id !== event.pointerId)?.[1];
  fingers.set(event.pointerId, now);
  if (other) camera.zoomBy(distance(now, other) / Math.max(distance(before, other), 1));
  else camera.drag(now[0] - before[0], now[1] - before[1]);
}

const distance = (a, b) => Math.hypot(a[0] - b[0], a[1] - b[1]);

function press(camera, key) {
  const step = KEY_STEP / RADIANS_PER_PIXEL;
  const moves = {
    ArrowLeft: () => camera.drag(-step, 0),
    ArrowRight: () => camera.drag(step, 0),
    ArrowUp: () => camera.drag(0, -step),
    ArrowDown: () => camera.drag(0, step),
    "+": () => camera.zoomBy(ZOOM_STEP),
    "-": () => camera.zoomBy(1 / ZOOM_STEP),
  };
  moves[key]?.();
  return key in moves;
}
