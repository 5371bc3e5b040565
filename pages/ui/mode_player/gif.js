// Animated GIF (89a): one palette for all pictures, chosen by median cut, and LZW.

const MOST_COLOURS = 256;
const MOST_CODE_BITS = 12;
const SAMPLES = 60000;
const BITS = 5;
const CELLS = 1 << (3 * BITS);

/** Colours of the pictures, at most 256, as [red, green, blue] from 0 to 255. */
export function palette(pictures) {
  let boxes = [counted(pictures)];
  while (boxes.length < MOST_COLOURS) {
    const widest = boxes.reduce((best, box) => (spread(box) > spread(best) ? box : best));
    if (spread(widest) === 0) break;
    boxes = boxes.filter((box) => box !== widest).concat(halves(widest));
  }
  return boxes.map(mean);
}

/** The distinct colours of a sample of pixels with their numbers. */
function counted(pictures) {
  const pixels = pictures.reduce((sum, picture) => sum + picture.length / 4, 0);
  const step = Math.max(1, Math.floor(pixels / SAMPLES));
  const sums = new Map();
  for (const picture of pictures)
    for (let k = 0; k < picture.length; k += 4 * step) {
      const [r, g, b] = [picture[k], picture[k + 1], picture[k + 2]];
      const sum = sums.get(cellOf(r, g, b)) ?? [0, 0, 0, 0];
      sum[0] += r;
      sum[1] += g;
      sum[2] += b;
      sum[3] += 1;
      sums.set(cellOf(r, g, b), sum);
    }
  const colours = [...sums.values()].map(([r, g, b, n]) => ({ colour: [r / n, g / n, b / n], n }));
  return { colours };
}

const cellOf = (r, g, b) => ((r >> 3) << 10) | ((g >> 3) << 5) | (b >> 3);

/** How much a box would gain from being cut: its width times the root of its pixels. */
function spread(box) {
  if (box.spread !== undefined) return box.spread;
  box.widths = [0, 1, 2].map((k) => {
    const values = box.colours.map(({ colour }) => colour[k]);
    return Math.max(...values) - Math.min(...values);
  });
  const pixels = box.colours.reduce((sum, { n }) => sum + n, 0);
  box.spread = box.colours.length > 1 ? Math.max(...box.widths) * Math.sqrt(pixels) : 0;
  return box.spread;
}

function halves(box) {
  const axis = box.widths.indexOf(Math.max(...box.widths));
  const colours = [...box.colours].sort((a, b) => a.colour[axis] - b.colour[axis]);
  const pixels = colours.reduce((sum, { n }) => sum + n, 0);
  let [cut, passed] = [0, 0];
  while (cut < colours.length - 1 && (cut === 0 || passed < pixels / 2)) passed += colours[cut++].n;
  return [{ colours: colours.slice(0, cut) }, { colours: colours.slice(cut) }];
}

function mean({ colours }) {
  const pixels = colours.reduce((sum, { n }) => sum + n, 0);
  return [0, 1, 2].map((k) =>
    Math.round(colours.reduce((sum, { colour, n }) => sum + colour[k] * n, 0) / pixels));
}

/** Turns pixels into places in a palette, each kind of colour looked up once. */
export function indexer(colours) {
  const known = new Int16Array(CELLS).fill(-1);
  return (pixels) => {
    const found = new Uint8Array(pixels.length / 4);
    for (let k = 0; k < found.length; k++) {
      const [r, g, b] = [pixels[4 * k], pixels[4 * k + 1], pixels[4 * k + 2]];
      const cell = cellOf(r, g, b);
      if (known[cell] < 0) known[cell] = closest(colours, r, g, b);
      found[k] = known[cell];
    }
    return found;
  };
}

function closest(colours, r, g, b) {
  let [best, least] = [0, Infinity];
  colours.forEach((colour, place) => {
    const far = (colour[0] - r) ** 2 + (colour[1] - g) ** 2 + (colour[2] - b) ** 2;
    if (far < least) [best, least] = [place, far];
  });
  return best;
}

/** Bytes of a GIF that repeats for ever; pictures are arrays of places in the palette. */
export function encodeGif({ width, height, colours, pictures, hundredths }) {
  const bits = Math.max(2, Math.ceil(Math.log2(colours.length)));
  const chunks = [header(width, height, colours, bits)];
  for (const picture of pictures) chunks.push(frame(width, height, bits, picture, hundredths));
  chunks.push(Uint8Array.of(0x3b));
  return new Blob(chunks, { type: "image/gif" });
}

const text = (letters) => [...letters].map((letter) => letter.charCodeAt(0));
const word = (value) => [value & 255, value >> 8];

function header(width, height, colours, bits) {
  const table = new Uint8Array(3 << bits);
  table.set(colours.flat());
  const screen = [...text("GIF89a"), ...word(width), ...word(height), 0xf0 | (bits - 1), 0, 0];
  const endless = [0x21, 0xff, 11, ...text("NETSCAPE2.0"), 3, 1, 0, 0, 0];
  return Uint8Array.from([...screen, ...table, ...endless]);
}

function frame(width, height, bits, picture, hundredths) {
  const control = [0x21, 0xf9, 4, 4, ...word(hundredths), 0, 0];
  const image = [0x2c, 0, 0, 0, 0, ...word(width), ...word(height), 0, bits];
  return new Blob([Uint8Array.from([...control, ...image]), blocks(compress(picture, bits))]);
}

/** Data in blocks of at most 255 bytes, each after its length. */
function blocks(data) {
  const out = new Uint8Array(data.length + Math.ceil(data.length / 255) + 1);
  let place = 0;
  for (let start = 0; start < data.length; start += 255) {
    const block = data.subarray(start, start + 255);
    out[place] = block.length;
    out.set(block, place + 1);
    place += block.length + 1;
  }
  return out;
}

/** LZW with codes that grow to 12 bits, as in appendix F of the GIF89a specification. */
export function compress(values, bits) {
  const [clear, end] = [1 << bits, (1 << bits) + 1];
  const out = new BitWriter(values.length);
  let [known, next, width] = [new Map(), end + 1, bits + 1];
  out.write(clear, width);
  let prefix = values[0];
  for (let k = 1; k < values.length; k++) {
    const key = (prefix << 8) | values[k];
    const code = known.get(key);
    if (code !== undefined) {
      prefix = code;
      continue;
    }
    out.write(prefix, width);
    prefix = values[k];
    if (next === 1 << MOST_CODE_BITS) {
      out.write(clear, width);
      [known, next, width] = [new Map(), end + 1, bits + 1];
      continue;
    }
    if (next === 1 << width) width += 1;
    known.set(key, next++);
  }
  out.write(prefix, width);
  // a reader has by now one entry more than before the last code
  out.write(end, next === 1 << width && width < MOST_CODE_BITS ? width + 1 : width);
  return out.finish();
}

/** Packs codes of changing width into bytes, lowest bits first. */
class BitWriter {
  constructor(expected) {
    this.bytes = new Uint8Array(Math.max(64, expected));
    this.length = 0;
    this.held = 0;
    this.bits = 0;
  }

  write(code, width) {
    this.held |= code << this.bits;
    this.bits += width;
    while (this.bits >= 8) {
      this.put(this.held & 255);
      this.held >>>= 8;
      this.bits -= 8;
    }
  }

  put(byte) {
    if (this.length === this.bytes.length) {
      const longer = new Uint8Array(2 * this.length);
      longer.set(this.bytes);
      this.bytes = longer;
    }
    this.bytes[this.length++] = byte;
  }

  finish() {
    if (this.bits > 0) this.put(this.held & 255);
    return this.bytes.subarray(0, this.length);
  }
}
