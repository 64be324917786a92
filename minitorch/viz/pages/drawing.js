"use strict";
// The drawing of a graph: folded and opened, moved and enlarged, walked through with the keyboard.
//
// `plan` in layout.py has decided, for each group, the rows and their order. Where everything lies
// follows from the sizes of the boxes, here and in `place` there, with the same arithmetic.

const SIDE = 12, TOP = 7, LINE = 16, CHARACTER = 7.3, PAD = 14, PASS = 10;
const GAP = 22, BETWEEN = 36, NARROW = 18, SWEEPS = 12, MARGIN = 12;

// ---- where everything lies ----------------------------------------------------------------

// The box of a node or group, and of all that is in it where it is open.
function place(child, data, open) {
  if (child.node !== undefined) return box(child, data.nodes[child.node - 1].size);
  const group = data.groups[child.group];
  if (!open.has(group.key)) return box(child, group.size);
  const boxes = group.children.map((inner) => place(inner, data, open));
  const title = group.key ? (group.title.length + 2) * CHARACTER + SIDE : 0;
  const kindOf = (item) => group.items[item][0];
  const boxOf = (item) => boxes[group.items[item][1]];
  const size = (item, inBox, inTitle, other) =>
    kindOf(item) === "box" ? inBox(boxOf(item)) : kindOf(item) === "title" ? inTitle : other;
  const widths = group.items.map((_, item) => size(item, (b) => b.width, title, PASS));
  const heights = group.items.map((_, item) => size(item, (b) => b.height, LINE + 2, 0));

  const start = [], end = [];
  for (const [upper, lower, source] of group.segments) {
    for (const [item, way, fixed] of [[upper, "out", start], [lower, "in", end]]) {
      const gate = kindOf(item) === "box" ? boxOf(item).gates.get(way + source) : undefined;
      fixed.push(gate === undefined ? widths[item] / 2 : gate);
    }
  }
  const x = columns(group, widths, start, end);
  spread(group, widths, x, start, end, boxes);
  const items = group.rows.flat();
  const left = Math.min(...items.map((i) => x[i]));
  const right = Math.max(...items.map((i) => x[i] + widths[i]));
  const pad = group.key ? PAD : 0;
  x.forEach((value, item) => { x[item] = value - left + pad; });

  const tops = [], bottoms = [], rowOf = [];
  let y = group.key ? 8 : 0, before = [], kinds = [];
  group.rows.forEach((row, index) => {
    kinds = row.map(kindOf);
    if (index > 0) {
      const bordering = before.every((k) => k === "in" || k === "title") || kinds.includes("out");
      y += bordering ? NARROW : BETWEEN;
    }
    before = kinds;
    tops.push(y);
    y += Math.max(0, ...row.map((item) => heights[item]));
    bottoms.push(y);
    for (const item of row) rowOf[item] = index;
  });
  const height = y + (kinds.includes("out") ? 0 : pad);

  const whole = box(child, [right - left + 2 * pad, height]);
  whole.open = true;
  boxes.forEach((inner, index) => {
    inner.x = x[index];
    inner.y = tops[rowOf[index]];
    whole.inside.push(inner);
  });
  group.items.forEach(([kind, source], item) => {
    if (kind === "in" || kind === "out") whole.gates.set(kind + source, x[item] + PASS / 2);
  });
  group.segments.forEach(([upper, lower, source], index) => {
    const above = kindOf(upper), below = kindOf(lower);
    let from = tops[rowOf[upper]] + heights[upper], to = tops[rowOf[lower]];
    if (above !== "box") from = above === "in" ? 0 : bottoms[rowOf[upper]];
    if (below !== "box") to = below === "out" ? height : bottoms[rowOf[lower]];
    whole.lines.push({
      source: String(source),
      item: lower,
      group: child.group,
      from: upper,
      points: [x[upper] + start[index], from, bottoms[rowOf[upper]],
        x[lower] + end[index], tops[rowOf[lower]], to],
      arrow: below === "box" && !boxOf(lower).open,
      starts: above === "box" && !boxOf(upper).open,
    });
  });
  return whole;
}

function box(child, [width, height]) {
  return { child, width, height, x: 0, y: 0, open: false, inside: [], lines: [], gates: new Map() };
}

// The left edge of each item: near to what it is joined to, its row's order kept.
function columns(group, widths, start, end) {
  const { items, rows, segments } = group;
  const x = items.map(() => 0), above = items.map(() => []), below = items.map(() => []);
  for (const row of rows) {
    let at = 0;
    for (const item of row) {
      x[item] = at;
      at += widths[item] + GAP;
    }
  }
  segments.forEach(([upper, lower], index) => {
    above[lower].push(index);
    below[upper].push(index);
  });
  const pulls = segments.map(([upper, lower]) => {
    const ends = [items[upper][0], items[lower][0]];
    if (ends[0] === "pass" && ends[1] === "pass") return 8;
    const leaf = ends[0] === "box" && above[upper].length === 0;
    return leaf || ends.includes("pass") ? 0.2 : 1;
  });
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    const down = sweep % 2 === 0;
    for (const row of down ? rows : [...rows].reverse()) {
      const wishes = [], weights = [];
      for (const item of row) {
        let wish = 0, weight = 0;
        for (const index of down ? above[item] : below[item]) {
          const [upper, lower] = segments[index], offset = start[index] - end[index];
          wish += pulls[index] * (down ? x[upper] + offset : x[lower] - offset);
          weight += pulls[index];
        }
        wishes.push(weight ? wish / weight : x[item]);
        weights.push(weight || 0.05);
      }
      const found = apart(wishes, weights, row.map((item) => widths[item] + GAP));
      row.forEach((item, index) => { x[item] = found[index]; });
    }
  }
  const [first, next] = rows[0];
  if (items[first][0] === "title") { // at the left of all, but not further than it must
    const left = rows.flat().filter((item) => item !== first).map((item) => x[item]);
    if (next !== undefined) left.push(x[next] - widths[first] - GAP);
    x[first] = Math.min(...left);
  }
  return x;
}

// Move the ends of the lines on a box's upper edge to below where they come from.
function spread(group, widths, x, start, end, boxes) {
  const order = new Map(group.rows.flatMap((row) => row.map((item, index) => [item, index])));
  const arriving = new Map();
  group.segments.forEach(([, lower], index) => {
    const [kind, what] = group.items[lower];
    if (kind !== "box" || boxes[what].open) return;
    if (!arriving.has(lower)) arriving.set(lower, []);
    arriving.get(lower).push(index);
  });
  for (const [item, lines] of arriving) {
    lines.sort((a, b) => order.get(group.segments[a][0]) - order.get(group.segments[b][0]));
    const step = Math.min(16, widths[item] / (lines.length + 1));
    const wishes = lines.map((i) => x[group.segments[i][0]] + start[i] - x[item]);
    const found = apart(wishes, lines.map(() => 1), lines.map(() => step));
    lines.forEach((index, rank) => {
      const low = (rank + 1) * step, high = widths[item] - (lines.length - rank) * step;
      end[index] = Math.min(Math.max(found[rank], low), high);
    });
  }
}

// The positions nearest to `wishes` (least squares), each its gap before the next.
function apart(wishes, weights, gaps) {
  const packed = [], pools = [];
  let at = 0;
  for (const gap of gaps) {
    packed.push(at);
    at += gap;
  }
  wishes.forEach((wish, index) => {
    pools.push([wish - packed[index], weights[index], 1]);
    while (pools.length > 1 && pools[pools.length - 2][0] > pools[pools.length - 1][0]) {
      const [mean, weight, count] = pools.pop(), last = pools[pools.length - 1];
      last[0] = (last[0] * last[1] + mean * weight) / (last[1] + weight);
      last[1] += weight;
      last[2] += count;
    }
  });
  const found = [];
  for (const [mean, , count] of pools)
    for (let n = 0; n < count; n++) found.push(mean + packed[found.length]);
  return found;
}

// ---- what is seen -------------------------------------------------------------------------

function make(name, attributes, parent) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (parent) parent.append(element);
  return element;
}

class Drawing {
  // `frame` is the element to draw in; `chosen` is called with what was chosen: {node} or {group}.
  constructor(frame, data, chosen) {
    this.frame = frame;
    this.data = data;
    this.chosen = chosen;
    this.open = new Set(data.open);
    this.current = null; // the key of the box that has the focus
    this.sideways = true; // whether the arrows to the left and right walk, too
    this.svg = make("svg", { role: "application", "aria-label": "the graph" }, null);
    frame.append(this.svg);
    this.canvas = make("g", {}, this.svg);
    this.parentOf = new Map(); // of each node and group, by its key: the group around it
    data.groups.forEach((group, index) => {
      for (const child of group.children) this.parentOf.set(keyOf(child), index);
    });
    this.listen();
    this.draw();
    this.fit();
  }

  draw() {
    const whole = place({ group: 0 }, this.data, this.open);
    this.size = [whole.width + 2 * MARGIN, whole.height + 2 * MARGIN];
    this.canvas.replaceChildren();
    this.shown = new Map(); // what can have the focus: key -> {child, element, x, y, width, height}
    this.segments = [];
    this.paint(whole, MARGIN, MARGIN, 0);
    if (!this.shown.has(this.current)) this.current = this.shown.keys().next().value;
    this.focusable(this.current);
    if (this.painted) this.painted();
  }

  paint(box, x, y, depth) {
    const { child } = box, key = keyOf(child);
    if (!box.open) {
      const group = child.node === undefined ? this.data.groups[child.group] : null;
      const node = group ? null : this.data.nodes[child.node - 1];
      const lines = group ? group.lines : node.lines;
      const kind = group ? "folded" : node.kind + (node.root ? " root" : "") + (node.bad ? " bad" : "");
      const element = make("g", {
        class: `box ${kind}`, tabindex: -1, role: "button", "data-key": key,
        "aria-label": lines.join(", ").replace("▸ ", "folded: "),
      }, this.canvas);
      make("rect", { x, y, width: box.width, height: box.height, rx: 6 }, element);
      const texts = lines.map((line, index) => {
        const text = make("text", {
          class: index === 0 ? "name" : index > 1 ? "faint" : "",
          x: x + SIDE, y: y + TOP + (index + 0.75) * LINE,
        }, element);
        text.textContent = line;
        return text;
      });
      this.shown.set(key, { child, element, texts, x, y, width: box.width, height: box.height });
      return;
    }
    const group = this.data.groups[child.group];
    if (group.key) {
      make("rect", {
        class: `around${depth % 2 === 0 ? " inner" : ""}`,
        x, y, width: box.width, height: box.height, rx: 8,
      }, this.canvas);
      const element = make("g", {
        class: "title", tabindex: -1, role: "button", "data-key": key,
        "aria-label": `unfolded: ${group.title}`,
      }, this.canvas);
      const width = (group.title.length + 2) * CHARACTER + SIDE;
      make("rect", { x: x + 3, y: y + 3, width, height: LINE + 5, rx: 4 }, element);
      const text = make("text", { class: "faint", x: x + 8, y: y + LINE }, element);
      text.textContent = `▾ ${group.title}`;
      this.shown.set(key, { child, element, x, y, width, height: LINE });
    }
    for (const line of box.lines) this.line(line, x, y);
    for (const inside of box.inside) this.paint(inside, x + inside.x, y + inside.y, depth + 1);
  }

  line(line, x, y) {
    const [x1, y1, bend1, x2, bend2, y2] = line.points.map((v, i) => v + (i % 3 === 0 ? x : y));
    const half = (bend1 + bend2) / 2, f = (v) => v.toFixed(1);
    const element = make("g", { class: "edge" }, this.canvas);
    make("path", {
      class: "line",
      d: `M${f(x1)} ${f(y1)}V${f(bend1)}C${f(x1)} ${f(half)} ${f(x2)} ${f(half)} `
        + `${f(x2)} ${f(bend2)}V${f(y2)}`,
    }, element);
    if (line.arrow) make("path", { class: "arrow", d: `M${f(x2)} ${f(y2)}l-3.5 -7h7z` }, element);
    if (line.starts) make("path", { class: "upward", d: `M${f(x1)} ${f(y1)}l-5 9h10z` }, element);
    this.segments.push({ ...line, element });
  }

  // The box that a node is seen in: its own, or that of the outermost folded group around it.
  boxOf(node) {
    let key = `n${node}`, seen = key;
    for (let at = this.parentOf.get(key); at !== undefined && at !== 0; at = this.parentOf.get(key)) {
      key = `g${at}`;
      if (!this.open.has(this.data.groups[at].key)) seen = key;
    }
    return seen;
  }

  // ---- folding ----

  toggle(index) {
    const { key } = this.data.groups[index];
    const old = this.shown.get(`g${index}`);
    if (!this.open.delete(key)) this.open.add(key);
    this.current = `g${index}`;
    this.draw();
    const now = this.shown.get(this.current); // stay where it was on the screen
    if (old && now) {
      this.view.x += (old.x - now.x) * this.view.scale;
      this.view.y += (old.y - now.y) * this.view.scale;
    }
    this.move();
    this.focus(this.current);
  }

  openAll(opened) {
    this.open = new Set(this.data.groups.map((group) => group.key).filter((key) => opened || !key));
    this.draw();
    this.fit();
  }

  // Open all that is around a node, bring it into sight and choose it.
  goTo(node) {
    let changed = false;
    for (let at = this.parentOf.get(`n${node}`); at; at = this.parentOf.get(`g${at}`)) {
      const { key } = this.data.groups[at];
      changed ||= !this.open.has(key);
      this.open.add(key);
    }
    if (changed) this.draw();
    this.focus(`n${node}`);
  }

  // ---- moving and enlarging ----

  fit() {
    const width = this.frame.clientWidth, height = this.frame.clientHeight;
    const byWidth = width / this.size[0], both = Math.min(byWidth, height / this.size[1]);
    // A large graph would be too small to read: then it is fitted in width, as far as that goes.
    const scale = both >= 0.65 ? Math.min(1.25, both) : Math.max(Math.min(byWidth, 0.8), 0.5);
    this.view = { scale, x: (width - this.size[0] * scale) / 2, y: 0 };
    if (this.size[1] * scale < height) this.view.y = (height - this.size[1] * scale) / 2;
    this.move();
  }

  zoom(factor, x = this.frame.clientWidth / 2, y = this.frame.clientHeight / 2) {
    const { view } = this, scale = Math.min(4, Math.max(0.05, view.scale * factor));
    view.x = x - ((x - view.x) * scale) / view.scale;
    view.y = y - ((y - view.y) * scale) / view.scale;
    view.scale = scale;
    this.move();
  }

  move() {
    const { x, y, scale } = this.view;
    this.canvas.setAttribute("transform", `translate(${x} ${y}) scale(${scale})`);
  }

  // Bring a box into sight, if it is not.
  reveal(key) {
    const at = this.shown.get(key), { view } = this;
    if (!at) return;
    const width = this.frame.clientWidth, height = this.frame.clientHeight;
    const x = at.x * view.scale + view.x, y = at.y * view.scale + view.y;
    const w = at.width * view.scale, h = at.height * view.scale;
    if (x < 10 || x + w > width - 10) view.x += width / 2 - x - w / 2;
    if (y < 10 || y + h > height - 10) view.y += height / 2 - y - h / 2;
    // No further than the picture goes.
    const kept = (at, room, length) => (length > room ? Math.min(0, Math.max(room - length, at)) : at);
    view.x = kept(view.x, width, this.size[0] * view.scale);
    view.y = kept(view.y, height, this.size[1] * view.scale);
    this.move();
  }

  // ---- choosing ----

  focusable(key) {
    for (const [other, { element }] of this.shown) {
      const mine = other === key;
      element.setAttribute("tabindex", mine ? 0 : -1);
      element.classList.toggle("chosen", mine && this.marked === true);
    }
  }

  focus(key) {
    const at = this.shown.get(key);
    if (!at) return;
    this.current = key;
    this.marked = true;
    this.focusable(key);
    this.reveal(key);
    at.element.focus({ preventScroll: true });
    this.chosen(at.child);
  }

  // The nearest box in a direction from the one that has the focus.
  step(dx, dy) {
    const from = this.shown.get(this.current);
    const middle = (b) => [b.x + b.width / 2, b.y + b.height / 2];
    const [x0, y0] = middle(from);
    let best = null, least = Infinity;
    for (const [key, other] of this.shown) {
      const [x, y] = middle(other), along = (x - x0) * dx + (y - y0) * dy;
      const across = Math.abs((x - x0) * dy + (y - y0) * dx);
      if (key === this.current || along < 4 || (dx && across > 60)) continue;
      const distance = along + 2 * across;
      if (distance < least) [best, least] = [key, distance];
    }
    if (best) this.focus(best);
  }

  listen() {
    const { frame } = this, fingers = new Map();
    let moved = 0;
    const keyAt = (event) => event.target.closest?.("[data-key]")?.dataset.key;
    frame.addEventListener("pointerdown", (event) => {
      fingers.set(event.pointerId, [event.clientX, event.clientY]);
      if (fingers.size === 1) moved = 0;
    });
    frame.addEventListener("pointermove", (event) => {
      const last = fingers.get(event.pointerId);
      if (!last) return;
      const now = [event.clientX, event.clientY];
      const dx = now[0] - last[0], dy = now[1] - last[1];
      moved += Math.abs(dx) + Math.abs(dy);
      if (moved < 5) return;
      frame.setPointerCapture(event.pointerId);
      frame.classList.add("moving");
      if (fingers.size === 2) {
        const other = [...fingers].find(([id]) => id !== event.pointerId)[1];
        const bounds = frame.getBoundingClientRect();
        const apartBy = (p) => Math.hypot(p[0] - other[0], p[1] - other[1]);
        this.zoom(apartBy(now) / Math.max(1, apartBy(last)), other[0] - bounds.left, other[1] - bounds.top);
      } else {
        this.view.x += dx;
        this.view.y += dy;
        this.move();
      }
      fingers.set(event.pointerId, now);
    });
    for (const end of ["pointerup", "pointercancel"])
      frame.addEventListener(end, (event) => {
        fingers.delete(event.pointerId);
        frame.classList.remove("moving");
      });
    frame.addEventListener("click", (event) => {
      const key = keyAt(event);
      if (!key || moved >= 5) return;
      if (key[0] === "g") this.toggle(Number(key.slice(1)));
      else this.focus(key);
    });
    frame.addEventListener("wheel", (event) => {
      const bounds = frame.getBoundingClientRect();
      if (event.ctrlKey || event.metaKey) {
        event.preventDefault();
        this.zoom(Math.exp(-event.deltaY / 300), event.clientX - bounds.left, event.clientY - bounds.top);
        return;
      }
      const dx = event.shiftKey ? event.deltaY : event.deltaX, dy = event.shiftKey ? 0 : event.deltaY;
      const { view, size } = this;
      const more = (by, at, length, room) => (by < 0 ? at < 0 : by > 0 && at + length > room);
      if (!more(dx, view.x, size[0] * view.scale, bounds.width)
        && !more(dy, view.y, size[1] * view.scale, bounds.height)) return; // scroll the page instead
      event.preventDefault();
      view.x -= dx;
      view.y -= dy;
      this.move();
    }, { passive: false });
    frame.addEventListener("keydown", (event) => {
      const steps = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };
      const sideways = event.key === "ArrowLeft" || event.key === "ArrowRight";
      if (steps[event.key] && !event.altKey && (this.sideways || !sideways))
        this.step(...steps[event.key]);
      else if (event.key === "Enter" || (event.key === " " && this.sideways)) {
        if (this.current[0] === "g") this.toggle(Number(this.current.slice(1)));
        else this.focus(this.current);
      } else return;
      event.preventDefault();
      event.stopPropagation();
    });
    frame.addEventListener("focusin", (event) => {
      const key = keyAt(event);
      if (key && key !== this.current) this.focus(key);
    });
  }
}

function keyOf(child) {
  return child.node === undefined ? `g${child.group}` : `n${child.node}`;
}

// Buttons for a drawing: `+`, `-`, fit, fold, unfold; and the same on keys anywhere on the page.
function tools(drawing) {
  const acts = {
    fit: () => drawing.fit(),
    larger: () => drawing.zoom(1.25),
    smaller: () => drawing.zoom(0.8),
    unfold: () => drawing.openAll(true),
    fold: () => drawing.openAll(false),
  };
  for (const [name, act] of Object.entries(acts)) {
    const button = document.getElementById(name);
    button.addEventListener("click", act);
    if ((name === "fold" || name === "unfold") && drawing.data.groups.length === 1) button.hidden = true;
  }
  document.addEventListener("keydown", (event) => {
    if (event.target.matches("input, select, textarea") || event.ctrlKey || event.metaKey) return;
    const name = { 0: "fit", "+": "larger", "=": "larger", "-": "smaller", u: "unfold", f: "fold" }[event.key];
    if (name) acts[name]();
  });
}

// What is known of a node, or of a group, as elements to put into a panel.
function described(child, data, goTo) {
  const parts = [], add = (name, text, parent = null) => {
    const element = document.createElement(name);
    element.textContent = text;
    if (parent) parent.append(element);
    else parts.push(element);
    return element;
  };
  if (child.node === undefined) {
    const group = data.groups[child.group];
    add("h2", group.title);
    for (const line of group.lines.slice(1)) add("p", line);
    return parts;
  }
  const node = data.nodes[child.node - 1];
  add("h2", `#${child.node} ${node.title}`);
  const list = add("dl", "");
  for (const [label, text] of [["kind", node.kind], ...node.details]) {
    add("dt", label, list);
    add("dd", text, list);
  }
  const users = data.nodes
    .map((other, index) => [index + 1, other.inputs.filter(([source]) => source === child.node)])
    .filter(([, inputs]) => inputs.length);
  const links = (title, pairs) => {
    if (!pairs.length) return;
    add("h3", title);
    const row = add("div", "");
    row.className = "links";
    for (const [number, label] of pairs.slice(0, 40)) {
      const button = add("button", `${label}#${number} ${data.nodes[number - 1].title}`, row);
      button.type = "button";
      button.addEventListener("click", () => goTo(number));
    }
    if (pairs.length > 40) add("span", `and ${pairs.length - 40} more`, row);
  };
  links("made of", node.inputs.map(([source, , label]) => [source, `operand ${label}: `]));
  links("used by", users.map(([number]) => [number, ""]));
  return parts;
}
