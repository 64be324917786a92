"use strict";

/* The arithmetic of a window that slides over a matrix, forward and backward, as one would do it by
   hand; it knows nothing of the page. Rows come before columns in every pair: size, kernel, stride,
   padding and dilation are [rows, columns]. */

const BOTH = [0, 1];

const matrix = (rows, columns, value) =>
  Array.from({length: rows}, (_, i) => Array.from({length: columns}, (_, j) => value(i, j)));

const reach = (s, axis) => s.dilation[axis] * (s.kernel[axis] - 1) + 1;

const outputSize = (s) => BOTH.map((axis) =>
  Math.floor((s.size[axis] + 2 * s.padding[axis] - reach(s, axis)) / s.stride[axis]) + 1);

/** Why PyTorch refuses these settings; "" if it takes them. */
function problem(s) {
  const by = ([rows, columns]) => `${rows} × ${columns}`;
  const padded = s.size.map((n, axis) => n + 2 * s.padding[axis]);
  const span = BOTH.map((axis) => reach(s, axis));
  if (s.op !== "conv2d") {
    const axis = BOTH.find((axis) => 2 * s.padding[axis] > s.kernel[axis]);
    if (axis !== undefined)
      return "Padding may be at most half of the window, or a window could lie in the padding " +
        `alone: padding is ${s.padding[axis]}, and half of ${s.kernel[axis]} is ` +
        `${s.kernel[axis] / 2}.`;
  }
  if (BOTH.some((axis) => span[axis] > padded[axis])) {
    const window = s.op === "conv2d" ? "kernel" : "window";
    const spread = s.dilation.some((d) => d > 1)
      ? `, spread over ${by(span)} by its dilation,` : "";
    return `The ${window} of ${by(s.kernel)}${spread} is larger than the input, which is ` +
      `${by(padded)} with its padding: there is no place for even one window.`;
  }
  return "";
}

/** The cells that output [r, c] is made from: kernel place [k, l], input place [i, j]. */
function windowOf(s, r, c) {
  const cells = [];
  for (let k = 0; k < s.kernel[0]; k++)
    for (let l = 0; l < s.kernel[1]; l++) {
      const i = r * s.stride[0] - s.padding[0] + k * s.dilation[0];
      const j = c * s.stride[1] - s.padding[1] + l * s.dilation[1];
      const inside = i >= 0 && j >= 0 && i < s.size[0] && j < s.size[1];
      const outside = s.op === "max_pool2d" ? -Infinity : 0;
      cells.push({k, l, i, j, inside, value: inside ? s.x[i][j] : outside});
    }
  return cells;
}

/** By what an average is divided. */
const divisor = (s, cells) => s.count ? cells.length : cells.filter((cell) => cell.inside).length;

/** The first of the largest, as PyTorch picks it; undefined if all is padding. */
function largest(cells) {
  let best;
  for (const cell of cells)
    if (cell.inside && (best === undefined || cell.value > best.value)) best = cell;
  return best;
}

function output(s, r, c) {
  const cells = windowOf(s, r, c);
  if (s.op === "max_pool2d") return largest(cells)?.value ?? -Infinity;
  const terms = cells.map(({k, l, value}) => s.op === "conv2d" ? value * s.w[k][l] : value);
  const sum = terms.reduce((total, term) => total + term, 0);
  return s.op === "conv2d" ? sum : sum / divisor(s, cells);
}

/** What the gradient of output [r, c] sends where: [{cell, share}] to the input, and to the kernel. */
function shares(s, r, c) {
  const g = s.g[r][c];
  const cells = windowOf(s, r, c);
  if (s.op === "conv2d")
    return {
      input: cells.map((cell) => ({cell, share: g * s.w[cell.k][cell.l]})),
      kernel: cells.map((cell) => ({cell, share: g * cell.value})),
    };
  if (s.op === "max_pool2d") {
    const cell = largest(cells);
    return {input: cell ? [{cell, share: g}] : [], kernel: []};
  }
  return {input: cells.map((cell) => ({cell, share: g / divisor(s, cells)})), kernel: []};
}

/** All that arrived so far at an element of the input ("gx") or kernel ("gw"): [{at, cell, share}]. */
function arrivals(s, [name, row, column], last) {
  const found = [], columns = outputSize(s)[1];
  for (let at = 0; at <= last; at++) {
    const sent = shares(s, Math.floor(at / columns), at % columns);
    for (const {cell, share} of name === "gx" ? sent.input : sent.kernel) {
      const [i, j] = name === "gx" ? [cell.i, cell.j] : [cell.k, cell.l];
      if (i === row && j === column) found.push({at, cell, share});
    }
  }
  return found;
}

/** Both gradients after the output gradients number 0 to `last`, and how many shares each got. */
function gradients(s, last) {
  const [gx, nx] = [0, 1].map(() => matrix(...s.size, () => 0));
  const [gw, nw] = [0, 1].map(() => matrix(...s.kernel, () => 0));
  const columns = outputSize(s)[1];
  for (let at = 0; at <= last; at++) {
    const sent = shares(s, Math.floor(at / columns), at % columns);
    for (const {cell: {i, j, inside}, share} of sent.input)
      if (inside) { gx[i][j] += share; nx[i][j] += 1; }
    for (const {cell: {k, l}, share} of sent.kernel) { gw[k][l] += share; nw[k][l] += 1; }
  }
  return {gx, gw, nx, nw};
}
