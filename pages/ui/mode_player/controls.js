// What the person can set, and what is said about the mode.

import { fittingRepeat } from "./motion.js";
import { countAtoms, MOST_ATOMS } from "./scene.js";
import {
  explanation, fixed, frequencyTexts, placeText, pointLabel, qText,
} from "./words.js";

const ELSEWHERE = "between points";

export class Controls {
  /** `parts` are the elements of the page by name; `player` does what is asked. */
  constructor(parts, player, signal) {
    this.parts = parts;
    this.player = player;
    this.signal = signal;
    this.fill();
    this.connect();
  }

  fill() {
    const { parts, player: { data, settings, modes } } = this;
    const named = data.points.map(({ label, at }) => new Option(pointLabel(label), at));
    parts.points.replaceChildren(new Option(ELSEWHERE, ""), ...named);
    parts.cell.replaceChildren(...Object.keys(data.cells).map((name) => new Option(name, name)));
    parts["cell-row"].hidden = parts.cell.length < 2;
    parts.choice.hidden = modes.points * modes.branches === 1;
    parts.path.max = modes.points - 1;
    parts.amplitude.value = settings.amplitude;
    parts.speed.value = settings.perSecond;
    parts.arrows.checked = settings.arrows;
    parts.bonds.checked = settings.bonds;
    parts.legend.replaceChildren(...legend(data.atoms));
  }

  on(part, event, react) {
    this.parts[part].addEventListener(event, react, { signal: this.signal });
  }

  connect() {
    this.connectMode();
    this.connectMotion();
    this.connectView();
  }

  connectMode() {
    const { parts, player } = this;
    const step = (by) => player.choose(player.settings.point, player.settings.branch + by);
    this.on("points", "change", () => {
      if (parts.points.value !== "") player.choose(+parts.points.value, player.settings.branch);
      else this.showMode();
    });
    this.on("path", "input", () => player.choose(+parts.path.value, player.settings.branch));
    this.on("lower", "click", () => step(-1));
    this.on("higher", "click", () => step(1));
  }

  connectMotion() {
    const { parts, player } = this;
    this.on("play", "click", () => player.play(!player.settings.playing));
    this.on("amplitude", "input", () => player.set({ amplitude: +parts.amplitude.value }));
    this.on("speed", "input", () => player.set({ perSecond: +parts.speed.value }));
    this.on("arrows", "change", () => player.set({ arrows: parts.arrows.checked }));
    this.on("bonds", "change", () => player.set({ bonds: parts.bonds.checked }));
  }

  connectView() {
    const { parts, player } = this;
    for (const axis of [0, 1, 2]) {
      this.on(`along-${axis}`, "click", () => player.look((camera) => camera.lookAlong(axis)));
      this.on(`repeat-${axis}`, "change", () => this.repeat(this.repeatsWanted()));
    }
    this.on("corner", "click", () => player.look((camera) => camera.lookFromCorner()));
    this.on("closer", "click", () => player.look((camera) => camera.zoomBy(1.25)));
    this.on("farther", "click", () => player.look((camera) => camera.zoomBy(0.8)));
    this.on("cell", "change", () => player.showCells(parts.cell.value, player.settings.repeat));
    this.on("fit", "click", () => this.fit());
  }

  repeatsWanted() {
    return [0, 1, 2].map((k) => {
      const wanted = Math.round(+this.parts[`repeat-${k}`].value);
      return Math.min(Math.max(wanted || 1, 1), 12);
    });
  }

  /** Show as many cells, unless they would be too many to draw. */
  repeat(wanted) {
    const { data, settings, cell } = this.player;
    const count = countAtoms(data, cell(), wanted);
    if (count > MOST_ATOMS) {
      this.tell(`${wanted.join(" × ")} cells have ${count} atoms; at most ${MOST_ATOMS} can be `
        + "drawn. Choose fewer cells.");
      this.showView();
    } else {
      this.tell("");
      this.player.showCells(settings.cell, wanted);
    }
  }

  fit() {
    const { modes, settings, cell } = this.player;
    const fits = fittingRepeat(modes.q(settings.point), cell());
    if (fits.every((n) => n !== null)) this.repeat(fits);
    else this.tell("This wave fits no number of cells up to 12. Choose another q.");
  }

  tell(sentence) {
    this.parts.told.textContent = sentence;
  }

  /** Say which mode is in view, and set the controls to it. */
  showMode() {
    const { parts, player: { data, modes, settings } } = this;
    const { point, branch } = settings;
    const total = data.total_branches ?? modes.branches;
    const shown = data.numbers?.[branch - 1] ?? branch;
    const [frequency, others] = frequencyTexts(data, modes.frequency(point, branch));
    const place = placeText(data, point);
    parts.name.textContent = 
      [`Branch ${shown} of ${total}`, place].filter(Boolean).join(" ") + `, q = ${qText(modes.q(point))}`;
    parts.frequency.textContent = frequency;
    parts.others.textContent = others;
    parts.branch.textContent = `${shown} of ${total}`;
    parts.lower.disabled = branch <= 1;
    parts.higher.disabled = branch >= modes.branches;
    parts.path.value = point;
    parts.path.setAttribute("aria-valuetext", `q = ${qText(modes.q(point))} ${place}`);
    parts.points.value = data.points.find(({ at }) => at === point)?.at ?? "";
    this.showView();
  }

  /** Set the controls of motion and view, and explain what is seen. */
  showView() {
    const { parts, player } = this;
    const { settings } = player;
    parts.play.textContent = settings.playing ? "Pause" : "Play";
    parts["amplitude-value"].textContent = `${fixed(settings.amplitude, 2)} Å`;
    parts["speed-value"].textContent = `${fixed(settings.perSecond, 2)} /s`;
    parts.cell.value = settings.cell;
    settings.repeat.forEach((n, k) => (parts[`repeat-${k}`].value = n));
    const cell = player.cell();
    parts.explanation.textContent = explanation(player.modes, { ...settings, cell });
  }
}

function legend(atoms) {
  const kinds = new Map(atoms.map(({ symbol, colour }) => [symbol, colour]));
  return [...kinds].map(([symbol, colour]) => {
    const item = document.createElement("li");
    const dot = document.createElement("i");
    dot.style.background = colour;
    item.append(dot, symbol);
    return item;
  });
}
