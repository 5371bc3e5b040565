// The player: one mode, moving, until another one is chosen.

import { Camera, steer } from "./camera.js";
import { Chart } from "./chart.js";
import { Controls } from "./controls.js";
import { filmFile, filmKind, gifFile, onlyMode, pageFile, pictureFile, save } from "./exports.js";
import { Modes, Pattern } from "./motion.js";
import { balls, Renderer, sticks } from "./renderer.js";
import { buildScene } from "./scene.js";
import { fileName } from "./words.js";

const BOND_RADIUS_A = 0.09;
const EDGE_RADIUS_A = 0.022;
const AXIS_RADIUS_A = 0.05;
const ARROW_RADII_A = [0.12, 0.24];
const ARROW_LENGTH_A = 1.7;
const ARROW_HEAD_A = 0.5;
const SHORTEST_ARROW = 0.03;
const BEYOND_CELL_A = 0.9;
const ARROW_COLOUR = [0.84, 0.37, 0];
const EDGE_COLOUR = [0.52, 0.56, 0.63];
const AXIS_COLOURS = [[0.84, 0.37, 0], [0, 0.62, 0.45], [0, 0.45, 0.7]];
const SHARPEST = 2;
const FEW_ATOMS = 64;
const LONGEST_STEP_S = 0.1;

const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

class Player {
  constructor(section, data, { html, css }) {
    this.section = section;
    this.data = data;
    this.source = { html, css };
    this.parts = partsOf(section);
    this.modes = new Modes(data);
    this.phase = 0;
    this.batches = { balls: balls(), sticks: sticks() };
    this.colours = data.atoms.map(({ colour }) => rgb(colour));
    this.ended = new AbortController();
    this.settings = { ...firstSettings(data), ...data.settings };
    this.begin();
  }

  begin() {
    const { parts, ended: { signal } } = this;
    this.renderer = new Renderer(parts.canvas);
    this.camera = new Camera();
    this.controls = new Controls(parts, this, signal);
    if (this.data.chart) this.chart = new Chart(this.data.chart, (...at) => this.pick(...at));
    steer(parts.canvas, this.camera, () => this.redraw(), signal);
    this.connectKeys();
    this.connectExports();
    this.survive(signal);
    parts.wait.hidden = true;
    parts.layout.hidden = false;
    this.watch();
    this.showCells(this.settings.cell, this.settings.repeat);
    this.look((camera) => camera.lookFromCorner());
    this.choose(this.settings.point, this.settings.branch);
    this.tick = this.tick.bind(this);
    this.request = requestAnimationFrame(this.tick);
  }

  // --- what is shown -----------------------------------------------------------------

  cell = () => this.data.cells[this.settings.cell];

  pick(index, band) {
    this.choose(this.modes.nearest(index), band);
    this.play(!calm());
  }

  choose(point, branch) {
    const { modes } = this;
    this.settings.point = Math.min(Math.max(point, 0), modes.points - 1);
    this.settings.branch = Math.min(Math.max(branch, 1), modes.branches);
    this.pattern = new Pattern(this.scene, modes, this.settings.point, this.settings.branch);
    this.phase = 0;
    this.controls.showMode();
    this.chart?.choose(this.data.index[this.settings.point], this.settings.branch);
    this.describe();
    this.redraw();
  }

  showCells(cell, repeat) {
    Object.assign(this.settings, { cell, repeat });
    this.scene = buildScene(this.data, this.cell(), repeat);
    this.displaced = new Float32Array(3 * this.scene.atoms.length);
    this.camera.frame(this.scene);
    const { point, branch } = this.settings;
    this.pattern = new Pattern(this.scene, this.modes, point, branch);
    this.set({});
  }

  set(changes) {
    Object.assign(this.settings, changes);
    this.controls.showView();
    this.describe();
    this.redraw();
  }

  play(playing) {
    this.set({ playing });
  }

  look(move) {
    move(this.camera);
    this.redraw();
  }

  // --- time --------------------------------------------------------------------------

  tick(now) {
    const seconds = Math.min((now - (this.before ?? now)) / 1000, LONGEST_STEP_S);
    this.before = now;
    if (this.settings.playing && this.visible && !document.hidden) {
      this.phase += 2 * Math.PI * this.settings.perSecond * seconds;
      this.stale = true;
    }
    if (this.stale && this.visible) this.draw();
    this.request = requestAnimationFrame(this.tick);
  }

  /** Go on when the graphics driver has started anew. */
  survive(signal) {
    const { canvas } = this.parts;
    canvas.addEventListener("webglcontextlost", (event) => event.preventDefault(), { signal });
    canvas.addEventListener("webglcontextrestored", () => {
      this.renderer.build();
      this.redraw();
    }, { signal });
  }

  redraw() {
    this.stale = true;
  }

  watch() {
    this.visible = true;
    this.seen = new IntersectionObserver(([{ isIntersecting }]) => {
      this.visible = isIntersecting;
      this.redraw();
    });
    this.seen.observe(this.parts.canvas);
    this.sized = new ResizeObserver(() => this.redraw());
    this.sized.observe(this.parts.canvas);
  }

  // --- drawing -----------------------------------------------------------------------

  aspect() {
    const { clientWidth, clientHeight } = this.parts.canvas;
    return clientWidth / Math.max(clientHeight, 1);
  }

  background = () => rgb(getComputedStyle(this.section).backgroundColor);

  draw() {
    this.stale = false;
    const { canvas } = this.parts;
    if (!canvas.clientWidth) return;
    const sharp = Math.min(devicePixelRatio || 1, SHARPEST);
    this.renderer.resize(
      Math.round(canvas.clientWidth * sharp), Math.round(canvas.clientHeight * sharp));
    this.renderer.draw(this.picture(this.phase), this.camera, this.background());
    this.placeLetters();
  }

  /** Balls and sticks at a phase ωt. */
  picture(phase) {
    const { batches, scene, settings } = this;
    batches.balls.clear();
    batches.sticks.clear();
    this.pattern.at(phase, this.displaced);
    const places = scene.atoms.map(({ home }, k) => this.moved(home, k));
    scene.atoms.forEach(({ kind }, k) =>
      batches.balls.push(...places[k], this.data.atoms[kind].radius, ...this.colours[kind]));
    if (settings.bonds) this.pushBonds(places);
    if (settings.arrows) places.forEach((place, k) => this.pushArrow(place, k));
    this.pushCell();
    return batches;
  }

  moved(home, k) {
    const far = this.settings.amplitude;
    return [0, 1, 2].map((axis) => home[axis] + far * this.displaced[3 * k + axis]);
  }

  pushBonds(places) {
    const { atoms, bonds } = this.scene;
    for (const [one, other] of bonds)
      this.batches.sticks.push(...places[one], ...places[other], BOND_RADIUS_A, BOND_RADIUS_A,
        ...this.colours[atoms[one].kind], ...this.colours[atoms[other].kind]);
  }

  /** An arrow from the surface of an atom along its displacement. */
  pushArrow(place, k) {
    const way = [0, 1, 2].map((axis) => this.displaced[3 * k + axis]);
    const size = Math.hypot(...way);
    if (size < SHORTEST_ARROW) return;
    const at = (far) => place.map((x, axis) => x + (way[axis] / size) * far);
    const from = 0.8 * this.data.atoms[this.scene.atoms[k].kind].radius;
    const end = from + size * ARROW_LENGTH_A;
    const neck = Math.max(end - ARROW_HEAD_A, from + 0.3 * (end - from));
    const tint = [...ARROW_COLOUR, ...ARROW_COLOUR];
    const [shaft, head] = ARROW_RADII_A;
    this.batches.sticks.push(...at(from), ...at(neck), shaft, shaft, ...tint);
    this.batches.sticks.push(...at(neck), ...at(end), head, 0, ...tint);
  }

  pushCell() {
    for (const [start, end] of this.scene.edges)
      this.batches.sticks.push(...start, ...end, EDGE_RADIUS_A, EDGE_RADIUS_A, ...EDGE_COLOUR,
        ...EDGE_COLOUR);
    this.axisEnds(0).forEach((end, axis) =>
      this.batches.sticks.push(0, 0, 0, ...end, AXIS_RADIUS_A, AXIS_RADIUS_A,
        ...AXIS_COLOURS[axis], ...AXIS_COLOURS[axis]));
  }

  /** Ends of the axes of the first cell, or points beyond them. */
  axisEnds(beyond) {
    return this.scene.lattice.map((row) => {
      const stretch = 1 + beyond / Math.hypot(...row);
      return row.map((x) => x * stretch);
    });
  }

  placeLetters() {
    const aspect = this.aspect();
    const { clientWidth, clientHeight } = this.parts.canvas;
    this.axisEnds(BEYOND_CELL_A).forEach((end, axis) => {
      const [right, down] = this.camera.project(end, aspect);
      const letter = this.parts["abc"[axis]];
      letter.style.transform = `translate(calc(${right * clientWidth}px - 50%), `
        + `calc(${down * clientHeight}px - 50%))`;
      letter.style.color = `rgb(${AXIS_COLOURS[axis].map((x) => 255 * x)})`;
    });
  }

  // --- keys and files ----------------------------------------------------------------

  connectKeys() {
    this.section.addEventListener("keydown", (event) => {
      const typing = event.composedPath()[0].closest?.("button, input, select");
      if (event.key !== " " || typing) return;
      event.preventDefault();
      this.play(!this.settings.playing);
    }, { signal: this.ended.signal });
  }

  connectExports() {
    const files = {
      gif: () => gifFile(this, (said) => this.controls.tell(said)),
      film: () => filmFile(this, (said) => this.controls.tell(said)),
      png: () => pictureFile(this),
      page: () => this.page(onlyMode(this.data, this.modes, this.settings.point, this.settings.branch)),
      pages: () => this.page({ ...this.data, first: this.settings }),
    };
    const endings = { gif: "gif", film: "webm", png: "png", page: "html", pages: "html" };
    for (const [part, make] of Object.entries(files))
      this.parts[part].addEventListener("click", () => this.keep(part, endings[part], make),
        { signal: this.ended.signal });
    this.parts.film.hidden = !filmKind();
    this.parts.page.hidden = this.parts.pages.hidden = Boolean(this.data.standalone);
  }

  async keep(part, ending, make) {
    const { parts, controls, settings: { point, branch } } = this;
    const number = this.data.numbers?.[branch - 1] ?? branch;
    const name = part === "pages" ? `${this.data.formula}_modes.html`
      : fileName(this.data, point, number, ending);
    parts[part].disabled = true;
    try {
      save(await make(), name);
      controls.tell(`Saved as ${name}.`);
    } catch (error) {
      controls.tell(`The file could not be made: ${error.message}`);
    } finally {
      parts[part].disabled = false;
    }
  }

  page(data) {
    const { cell, repeat, amplitude, perSecond, arrows, bonds } = this.settings;
    const settings = { cell, repeat, amplitude, perSecond, arrows, bonds };
    const title = `${this.data.formula}: modes of vibration`;
    return pageFile({
      ...this.source, title, data: { ...data, settings, chart: "", standalone: true },
    });
  }

  // --- for those who look from outside -----------------------------------------------

  describe() {
    const { point, branch, playing } = this.settings;
    Object.assign(this.section.dataset, {
      point, branch, playing,
      frequencyThz: this.modes.frequency(point, branch).toFixed(4),
      q: this.modes.q(point).join(" "),
    });
  }

  /** The atoms in view with their displacements in Å at a phase ωt, by default that in view. */
  snapshot(phase = this.phase) {
    const units = this.pattern.at(phase, new Float32Array(3 * this.scene.atoms.length));
    return this.scene.atoms.map(({ kind, shift, home }, k) => ({
      symbol: this.data.atoms[kind].symbol,
      mass: this.data.atoms[kind].mass,
      kind, shift, home,
      displacement: [0, 1, 2].map((axis) => this.settings.amplitude * units[3 * k + axis]),
    }));
  }

  destroy() {
    cancelAnimationFrame(this.request);
    this.ended.abort();
    this.seen.disconnect();
    this.sized.disconnect();
    this.chart?.destroy();
    // a page has few contexts; but Streamlit may yet mount a new player on this canvas
    setTimeout(() => this.parts.canvas.isConnected || this.renderer.destroy(), 1000);
  }
}

function firstSettings(data) {
  const cell = Object.keys(data.cells)[0];
  const small = buildScene(data, data.cells[cell], [2, 2, 2]).atoms.length <= FEW_ATOMS;
  return {
    ...data.first,
    cell,
    repeat: small ? [2, 2, 2] : [1, 1, 1],
    amplitude: 0.3,
    perSecond: 0.5,
    arrows: true,
    bonds: true,
    playing: !calm(),
  };
}

/** Components of a colour as `#rrggbb` or `rgb(r, g, b)`, from 0 to 1. */
function rgb(colour) {
  const numbers = colour.startsWith("#")
    ? [1, 3, 5].map((k) => parseInt(colour.slice(k, k + 2), 16))
    : colour.match(/[\d.]+/g).map(Number);
  return numbers.slice(0, 3).map((part) => part / 255);
}

function partsOf(section) {
  const named = [...section.querySelectorAll("[data-part]")];
  return Object.fromEntries(named.map((element) => [element.dataset.part, element]));
}

const players = new WeakMap();

/** Streamlit calls this at first, and again whenever data or theme change. */
export default function mount({ parentElement, data }) {
  const owner = {};
  const known = players.get(parentElement);
  if (known?.data === data) known.player.redraw();
  else replace(parentElement, data, known);
  const current = players.get(parentElement);
  current.owner = owner;
  return () => {
    if (current.owner !== owner) return;
    current.player.destroy();
    players.delete(parentElement);
  };
}

function replace(parentElement, data, known) {
  known?.player.destroy();
  const section = parentElement.querySelector(".player");
  const html = known?.html ?? section.outerHTML;
  const css = parentElement.querySelector("style")?.textContent ?? "";
  const player = begun(section, data, { html, css });
  section.player = player;
  players.set(parentElement, { player, data, html });
}

/** A player, or words where the browser cannot draw one. */
function begun(section, data, source) {
  try {
    return new Player(section, data, source);
  } catch (error) {
    const wait = section.querySelector("[data-part=wait]");
    wait.hidden = false;
    wait.textContent = error.message;
    return { destroy() {}, redraw() {} };
  }
}
