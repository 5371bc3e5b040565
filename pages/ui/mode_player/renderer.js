// Draws spheres and sticks with WebGL 2, thousands at sixty pictures a second.

import { SPHERE_FRAGMENT, SPHERE_VERTEX, STICK_FRAGMENT, STICK_VERTEX } from "./shaders.js";

const SIDES = 20;
const FOG = 0.5;
const BALL_FLOATS = 7;
const STICK_FLOATS = 14;
const BALL_PARTS = [["ball", 4], ["tint", 3]];
const STICK_PARTS = [["start", 3], ["end", 3], ["radii", 2], ["startTint", 3], ["endTint", 3]];

/** A list of equal records of numbers that is filled anew for every picture. */
export class Batch {
  constructor(floats) {
    this.floats = floats;
    this.values = new Float32Array(64 * floats);
    this.count = 0;
  }

  clear() {
    this.count = 0;
  }

  push(...numbers) {
    const start = this.count * this.floats;
    if (start + this.floats > this.values.length) {
      const longer = new Float32Array(2 * this.values.length);
      longer.set(this.values);
      this.values = longer;
    }
    this.values.set(numbers, start);
    this.count += 1;
  }
}

export const balls = () => new Batch(BALL_FLOATS);
export const sticks = () => new Batch(STICK_FLOATS);

export class Renderer {
  /** Throws where the browser has no WebGL 2. */
  constructor(canvas) {
    const wishes = { alpha: false, antialias: true, preserveDrawingBuffer: true };
    const gl = canvas.getContext("webgl2", wishes);
    if (!gl) throw new Error("This browser cannot draw in three dimensions (WebGL 2 is off).");
    this.canvas = canvas;
    this.gl = gl;
    this.build();
  }

  build() {
    const square = new Float32Array([-1, -1, 1, -1, -1, 1, 1, 1]);
    this.spheres = new Layer(this.gl, {
      program: program(this.gl, SPHERE_VERTEX, SPHERE_FRAGMENT),
      mesh: ["corner", 2, square],
      mode: this.gl.TRIANGLE_STRIP,
      parts: BALL_PARTS,
      floats: BALL_FLOATS,
    });
    this.sticks = new Layer(this.gl, {
      program: program(this.gl, STICK_VERTEX, STICK_FRAGMENT),
      mesh: ["vertex", 4, stickMesh()],
      mode: this.gl.TRIANGLES,
      parts: STICK_PARTS,
      floats: STICK_FLOATS,
    });
  }

  resize(width, height) {
    if (this.canvas.width !== width) this.canvas.width = width;
    if (this.canvas.height !== height) this.canvas.height = height;
  }

  /** Draw a picture: balls and sticks as the camera sees them, on a background colour. */
  draw(picture, camera, background) {
    const gl = this.gl;
    gl.viewport(0, 0, this.canvas.width, this.canvas.height);
    gl.enable(gl.DEPTH_TEST);
    gl.enable(gl.SAMPLE_ALPHA_TO_COVERAGE);
    gl.clearColor(...background, 1);
    gl.clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT);
    const view = { ...camera.view(this.canvas.width / this.canvas.height), background };
    this.spheres.draw(picture.balls, view);
    this.sticks.draw(picture.sticks, view);
  }

  /** Pixels of the last picture, four bytes each, from the top row down. */
  pixels() {
    const { width, height } = this.canvas;
    const upsideDown = new Uint8Array(4 * width * height);
    this.gl.readPixels(0, 0, width, height, this.gl.RGBA, this.gl.UNSIGNED_BYTE, upsideDown);
    const rows = new Uint8Array(upsideDown.length);
    for (let row = 0; row < height; row++)
      rows.set(upsideDown.subarray(4 * width * row, 4 * width * (row + 1)),
        4 * width * (height - 1 - row));
    return rows;
  }

  destroy() {
    this.gl.getExtension("WEBGL_lose_context")?.loseContext();
  }
}

/** One mesh drawn many times, each time with its own record of numbers. */
class Layer {
  constructor(gl, { program: linked, mesh, mode, parts, floats }) {
    Object.assign(this, { gl, program: linked, mode, floats });
    this.vertices = mesh[2].length / mesh[1];
    this.array = gl.createVertexArray();
    gl.bindVertexArray(this.array);
    gl.bindBuffer(gl.ARRAY_BUFFER, gl.createBuffer());
    gl.bufferData(gl.ARRAY_BUFFER, mesh[2], gl.STATIC_DRAW);
    this.attribute(mesh[0], mesh[1], 0, 0, 0);
    this.buffer = gl.createBuffer();
    gl.bindBuffer(gl.ARRAY_BUFFER, this.buffer);
    let offset = 0;
    for (const [name, size] of parts) {
      this.attribute(name, size, 4 * floats, offset, 1);
      offset += 4 * size;
    }
  }

  attribute(name, size, stride, offset, divisor) {
    const place = this.gl.getAttribLocation(this.program, name);
    this.gl.enableVertexAttribArray(place);
    this.gl.vertexAttribPointer(place, size, this.gl.FLOAT, false, stride, offset);
    this.gl.vertexAttribDivisor(place, divisor);
  }

  draw(batch, view) {
    const gl = this.gl;
    if (!batch.count) return;
    gl.useProgram(this.program);
    this.look(view);
    gl.bindVertexArray(this.array);
    gl.bindBuffer(gl.ARRAY_BUFFER, this.buffer);
    gl.bufferData(gl.ARRAY_BUFFER, batch.values.subarray(0, batch.count * this.floats),
      gl.DYNAMIC_DRAW);
    gl.drawArraysInstanced(this.mode, 0, this.vertices, batch.count);
  }

  look({ turn, centre, halfSize, background }) {
    const gl = this.gl;
    const place = (name) => gl.getUniformLocation(this.program, name);
    gl.uniformMatrix3fv(place("turn"), true, turn.flat());
    gl.uniform3fv(place("centre"), centre);
    gl.uniform3fv(place("halfSize"), halfSize);
    gl.uniform3fv(place("background"), background);
    gl.uniform1f(place("halfDepth"), halfSize[2]);
    gl.uniform1f(place("fog"), FOG);
  }
}

function program(gl, vertex, fragment) {
  const linked = gl.createProgram();
  for (const [kind, source] of [[gl.VERTEX_SHADER, vertex], [gl.FRAGMENT_SHADER, fragment]]) {
    const shader = gl.createShader(kind);
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    gl.attachShader(linked, shader);
  }
  gl.linkProgram(linked);
  if (!gl.getProgramParameter(linked, gl.LINK_STATUS))
    throw new Error(`The graphics driver refused to draw: ${gl.getProgramInfoLog(linked)}`);
  return linked;
}

/** Side and starting cap of a stick; x and y around, z along, w tells the cap. */
function stickMesh() {
  const numbers = [];
  for (let k = 0; k < SIDES; k++) {
    const [a, b] = [k, k + 1].map((step) => (2 * Math.PI * step) / SIDES);
    const at = (angle, along, cap) => [Math.cos(angle), Math.sin(angle), along, cap];
    numbers.push(...at(a, 0, 0), ...at(b, 0, 0), ...at(b, 1, 0));
    numbers.push(...at(a, 0, 0), ...at(b, 1, 0), ...at(a, 1, 0));
    numbers.push(0, 0, 0, 1, ...at(b, 0, 1), ...at(a, 0, 1));
  }
  return new Float32Array(numbers);
}
