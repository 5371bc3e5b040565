// Pictures, films and a page of its own, made in the browser.

import { encodeGif, indexer, palette } from "./gif.js";
import { Renderer } from "./renderer.js";

const GIF_WIDTH = 520;
const GIF_PER_SECOND = 20;
const GIF_PICTURES = [16, 40];
const FILM_WIDTH = 960;
const FILM_PER_SECOND = 30;
const FILM_PERIODS = 3;
const FILM_LONGEST_S = 12;
const FILM_BITS_PER_SECOND = 8e6;
const PICTURE_WIDTH = 1600;
const RELEASE_AFTER_MS = 60000;

export function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), RELEASE_AFTER_MS);
}

export const filmKind = () =>
  ["video/webm;codecs=vp9", "video/webm"].find(
    (kind) => globalThis.MediaRecorder?.isTypeSupported(kind)
      && HTMLCanvasElement.prototype.captureStream) ?? null;

/** A canvas of its own, so that what is on the page does not flicker. */
class Studio {
  constructor(player, width) {
    this.player = player;
    this.canvas = document.createElement("canvas");
    this.renderer = new Renderer(this.canvas);
    const even = (pixels) => 2 * Math.round(pixels / 2);
    this.renderer.resize(even(width), even(width / player.aspect()));
  }

  take(phase) {
    this.renderer.draw(this.player.picture(phase), this.player.camera, this.player.background());
  }
}

async function inStudio(player, width, work) {
  const studio = new Studio(player, width);
  try {
    return await work(studio);
  } finally {
    studio.renderer.destroy();
  }
}

const pause = (milliseconds = 0) => new Promise((done) => setTimeout(done, milliseconds));

export function pictureFile(player) {
  return inStudio(player, PICTURE_WIDTH, (studio) => {
    studio.take(player.phase);
    return new Promise((done) => studio.canvas.toBlob(done, "image/png"));
  });
}

/** One whole period that repeats. */
export function gifFile(player, tell) {
  return inStudio(player, GIF_WIDTH, async (studio) => {
    const seconds = 1 / player.settings.perSecond;
    const [least, most] = GIF_PICTURES;
    const count = Math.min(Math.max(Math.round(seconds * GIF_PER_SECOND), least), most);
    const taken = [];
    for (let k = 0; k < count; k++) {
      tell(`GIF: drawing picture ${k + 1} of ${count}`);
      studio.take((2 * Math.PI * k) / count);
      taken.push(studio.renderer.pixels());
      await pause();
    }
    return assembled(studio.canvas, taken, Math.max(2, Math.round((100 * seconds) / count)), tell);
  });
}

async function assembled({ width, height }, taken, hundredths, tell) {
  const colours = palette(taken.filter((_, k) => k % 4 === 0));
  const places = indexer(colours);
  const pictures = [];
  for (const [k, pixels] of taken.entries()) {
    tell(`GIF: choosing colours, picture ${k + 1} of ${taken.length}`);
    pictures.push(places(pixels));
    await pause();
  }
  return encodeGif({ width, height, colours, pictures, hundredths });
}

/** Some periods, filmed as they would be seen. */
export function filmFile(player, tell) {
  return inStudio(player, FILM_WIDTH, async (studio) => {
    const seconds = Math.min(FILM_PERIODS / player.settings.perSecond, FILM_LONGEST_S);
    const stream = studio.canvas.captureStream(FILM_PER_SECOND);
    const recorder = new MediaRecorder(stream, {
      mimeType: filmKind(),
      videoBitsPerSecond: FILM_BITS_PER_SECOND,
    });
    const parts = [];
    recorder.ondataavailable = ({ data }) => parts.push(data);
    const stopped = new Promise((done) => (recorder.onstop = done));
    recorder.start();
    await act(studio, seconds, player.settings.perSecond, tell);
    recorder.stop();
    await stopped;
    return new Blob(parts, { type: "video/webm" });
  });
}

async function act(studio, seconds, perSecond, tell) {
  const begun = performance.now();
  for (let passed = 0; passed < seconds; passed = (performance.now() - begun) / 1000) {
    studio.take(2 * Math.PI * perSecond * passed);
    tell(`WebM: filming, ${Math.ceil(seconds - passed)} s left`);
    await pause(1000 / FILM_PER_SECOND);
  }
}

/** The data of one mode alone. */
export function onlyMode(data, modes, point, branch) {
  const size = data.atoms.length * 6;
  const start = (point * data.branches + branch - 1) * size;
  return {
    ...data,
    qpoints: [data.qpoints[point]],
    index: [data.index[point]],
    distance: [data.distance[point]],
    points: data.points.filter(({ at }) => at === point).map((named) => ({ ...named, at: 0 })),
    segments: [0],
    branches: 1,
    numbers: [branch],
    total_branches: data.branches,
    vectors: base64(modes.vectors.slice(start, start + size)),
    frequencies_thz: base64(Float32Array.of(modes.frequency(point, branch))),
    first: { point: 0, branch: 1 },
  };
}

function base64(values) {
  const letters = Array.from(new Uint8Array(values.buffer), (byte) => String.fromCharCode(byte));
  return btoa(letters.join(""));
}

/** A page of its own with this player, its data and its settings. */
export async function pageFile({ html, css, title, data }) {
  const code = await (await fetch(import.meta.url)).text();
  const inScript = (text) => text.replaceAll("</script", "<\\/script");
  const json = JSON.stringify(data).replaceAll("<", "\\u003c");
  const page = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>
:root { color-scheme: light dark; --st-font: system-ui, sans-serif; }
body { margin: 1rem; background: var(--st-background-color, #fff); }
@media (prefers-color-scheme: dark) {
  :root { --st-background-color: #10161d; --st-secondary-background-color: #1a232d;
    --st-text-color: #e6ebf0; --st-border-color: #2f3b47; --st-primary-color: #4fb3e8; }
}
${css}
</style>
</head>
<body>
<main id="player">${html}</main>
<script type="application/json" id="data">${json}</script>
<script type="module">
${inScript(code)}
mount({
  parentElement: document.getElementById("player"),
  data: JSON.parse(document.getElementById("data").textContent),
});
</script>
</body>
</html>
`;
  return new Blob([page], { type: "text/html" });
}
