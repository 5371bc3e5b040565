// Listens to clicks on the dispersion and marks the chosen point there.

const LOOK_EVERY_MS = 400;

/** Streamlit's class of an element with a key. */
const classOf = (key) => `st-key-${key.trim().replace(/[^a-zA-Z0-9_-]/g, "-")}`;

export class Chart {
  /** `picked` is told the index of the point on the path and the band, from 1. */
  constructor(key, picked) {
    this.selector = `.${classOf(key)} .js-plotly-plot`;
    this.picked = picked;
    this.chosen = null;
    this.dot = markerElement();
    this.clicked = (event) => this.click(event);
    this.moved = () => this.mark();
    // Streamlit replaces charts as it likes; the function `on` is new whenever plotly is
    this.timer = setInterval(() => this.look(), LOOK_EVERY_MS);
    this.look();
  }

  look() {
    const plot = document.querySelector(this.selector);
    if (!plot?.on || (plot === this.plot && plot.on === this.known)) return;
    this.plot = plot;
    this.known = plot.on;
    plot.on("plotly_click", this.clicked);
    plot.on("plotly_afterplot", this.moved);
    plot.on("plotly_relayout", this.moved);
    this.mark();
  }

  click({ points }) {
    for (const point of points ?? []) {
      const band = bandNumber(point.data);
      const index = point.customdata?.[3];
      if (band && Number.isFinite(index)) return this.picked(Math.round(index), band);
    }
    return undefined;
  }

  /** Remember the chosen point and mark it. */
  choose(index, band) {
    this.chosen = { index, band };
    this.mark();
  }

  mark() {
    const place = this.plot?.isConnected && this.chosen && this.locate(this.chosen);
    if (!place) {
      this.dot.remove();
      return;
    }
    const frame = this.plot.querySelector(".svg-container") ?? this.plot;
    if (this.dot.parentNode !== frame) frame.append(this.dot);
    this.dot.style.left = `${place[0]}px`;
    this.dot.style.top = `${place[1]}px`;
  }

  /** Pixels of a point of a band, or null where it is not on the chart. */
  locate({ index, band }) {
    const layout = this.plot._fullLayout;
    const trace = this.plot._fullData?.find((one) => bandNumber(one) === band && one.visible === true);
    if (!trace?.customdata || !layout) return null;
    const at = Array.from(trace.customdata).findIndex((row) => row?.[3] === index);
    const [across, up] = [layout[axisName(trace.xaxis)], layout[axisName(trace.yaxis)]];
    if (at < 0 || !across?.l2p || !up?.l2p) return null;
    const place = [across.d2p(trace.x[at]), up.d2p(trace.y[at])];
    const inside = place[0] >= -1 && place[0] <= across._length + 1
      && place[1] >= -1 && place[1] <= up._length + 1;
    return inside ? [across._offset + place[0], up._offset + place[1]] : null;
  }

  destroy() {
    clearInterval(this.timer);
    this.dot.remove();
    this.plot?.removeListener?.("plotly_click", this.clicked);
    this.plot?.removeListener?.("plotly_afterplot", this.moved);
    this.plot?.removeListener?.("plotly_relayout", this.moved);
  }
}

const axisName = (short) => `${short[0]}axis${short.slice(1)}`;

function bandNumber(trace) {
  return Number.isInteger(trace?.meta) && trace.meta > 0 ? trace.meta : null;
}

function markerElement() {
  const dot = document.createElement("div");
  dot.className = "mode-player-marker";
  dot.setAttribute("aria-hidden", "true");
  dot.style.cssText = `position: absolute; width: 15px; height: 15px; margin: -7.5px 0 0 -7.5px;
    box-sizing: border-box; border: 3px solid #d55e00; border-radius: 50%;
    background: rgba(255, 255, 255, 0.75); pointer-events: none; z-index: 5`;
  return dot;
}
