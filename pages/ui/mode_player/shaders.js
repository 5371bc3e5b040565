// Spheres are squares that face the viewer, with the sphere worked out in each pixel; sticks
// (bonds, edges, arrows) are tapered cylinders. Orthographic, light from the upper left.

const COMMON = `#version 300 es
precision highp float;
`;

const VIEW = `
uniform mat3 turn;
uniform vec3 centre;
uniform vec3 halfSize;
vec3 seen(vec3 point) { return turn * (point - centre); }
vec4 onScreen(vec3 view) { return vec4(view.xy / halfSize.xy, -view.z / halfSize.z, 1.0); }
`;

const LIGHT = `
uniform vec3 background;
uniform float fog;
uniform float halfDepth;
out vec4 pixel;
vec3 lit(vec3 normal, vec3 colour, float shine) {
  vec3 light = normalize(vec3(-0.45, 0.62, 0.78));
  float wrapped = 0.5 + 0.5 * dot(normal, light);
  float direct = max(dot(normal, light), 0.0);
  float glint = pow(max(dot(normal, normalize(light + vec3(0.0, 0.0, 1.0))), 0.0), 60.0);
  float rim = smoothstep(0.0, 0.55, normal.z);
  vec3 base = pow(colour, vec3(2.2));
  vec3 shaded = base * (0.20 + 0.38 * wrapped + 0.62 * direct) * mix(0.45, 1.0, rim);
  return pow(shaded + shine * 0.35 * glint, vec3(1.0 / 2.2));
}
vec3 hazy(vec3 colour, float depth) {
  float far = clamp(0.5 - 0.5 * depth / halfDepth, 0.0, 1.0);
  return mix(colour, background, fog * far);
}
`;

export const SPHERE_VERTEX = `${COMMON}${VIEW}
in vec2 corner;
in vec4 ball;
in vec3 tint;
out vec2 across;
out vec3 colour;
out float depth;
out float radius;
void main() {
  vec3 view = seen(ball.xyz);
  radius = ball.w;
  across = corner * 1.12;
  colour = tint;
  depth = view.z;
  gl_Position = onScreen(view + vec3(across * radius, 0.0));
}`;

export const SPHERE_FRAGMENT = `${COMMON}${LIGHT}
in vec2 across;
in vec3 colour;
in float depth;
in float radius;
void main() {
  float out_ = length(across);
  float cover = clamp((1.0 - out_) / fwidth(out_) + 0.5, 0.0, 1.0);
  if (cover <= 0.0) discard;
  float up = sqrt(max(1.0 - out_ * out_, 0.0));
  float front = depth + radius * up;
  gl_FragDepth = 0.5 - 0.5 * front / halfDepth;
  vec3 normal = normalize(vec3(across, up));
  pixel = vec4(hazy(lit(normal, colour, 1.0), depth), cover);
}`;

export const STICK_VERTEX = `${COMMON}${VIEW}
in vec4 vertex;
in vec3 start;
in vec3 end;
in vec2 radii;
in vec3 startTint;
in vec3 endTint;
out vec3 normal;
out vec3 first;
out vec3 second;
out float along;
out float depth;
void main() {
  vec3 from = seen(start);
  vec3 axis = seen(end) - from;
  float size = max(length(axis), 1e-6);
  vec3 forward = axis / size;
  vec3 side = normalize(abs(forward.z) < 0.9 ? cross(forward, vec3(0.0, 0.0, 1.0))
                                             : cross(forward, vec3(1.0, 0.0, 0.0)));
  vec3 ring = side * vertex.x + cross(forward, side) * vertex.y;
  vec3 view = from + axis * vertex.z + ring * mix(radii.x, radii.y, vertex.z);
  normal = vertex.w > 0.5 ? -forward : normalize(ring + forward * (radii.x - radii.y) / size);
  first = startTint;
  second = endTint;
  along = vertex.z;
  depth = view.z;
  gl_Position = onScreen(view);
}`;

export const STICK_FRAGMENT = `${COMMON}${LIGHT}
in vec3 normal;
in vec3 first;
in vec3 second;
in float along;
in float depth;
void main() {
  vec3 facing = normalize(gl_FrontFacing ? normal : -normal);
  vec3 colour = along < 0.5 ? first : second;
  gl_FragDepth = 0.5 - 0.5 * depth / halfDepth;
  pixel = vec4(hazy(lit(facing, colour, 0.4), depth), 1.0);
}`;
