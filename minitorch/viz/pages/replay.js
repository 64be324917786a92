{
  const data = JSON.parse(document.getElementById("data").textContent);
  const byId = (id) => document.getElementById(id);
  const { steps } = data;
  const MILLISECONDS = 1400; // a step, at speed 1
  let at = 0; // how many steps have been done
  let timer = null;

  byId("heading").textContent = data.title;
  byId("summary").textContent = `${data.summary}; ${steps.length} steps`;
  byId("slider").max = steps.length;
  byId("held").max = Math.max(1, data.held);

  const drawing = new Drawing(byId("frame"), data, (child) =>
    byId("details").replaceChildren(...described(child, data, (number) => drawing.goTo(number))));
  drawing.sideways = false; // left and right are for the steps
  drawing.painted = colour;
  tools(drawing);
  addEventListener("resize", () => { drawing.fit(); follow(); });

  // ---- what a moment looks like ----

  function colour() {
    const state = new Map(); // of each box that is seen: done, waiting or now
    const set = (node, name) => {
      const key = drawing.boxOf(node);
      const order = ["done", "waiting", "now"];
      if (!state.has(key) || order.indexOf(name) > order.indexOf(state.get(key))) state.set(key, name);
    };
    const waiting = new Set(), grads = new Map(), freed = new Set();
    steps.forEach((step, index) => {
      if (step.before && index >= at) grads.set(step.node, step.before);
      if (index >= at) return;
      waiting.delete(step.node);
      if (step.grad) grads.set(step.node, step.grad);
      if (step.frees) freed.add(step.node);
      set(step.node, index === at - 1 ? "now" : "done");
      for (const [target] of step.sent) waiting.add(target);
    });
    if (at === 0 && steps.length) waiting.add(steps[0].node);
    for (const node of waiting) set(node, "waiting");
    for (const [key, { child, element, texts }] of drawing.shown) {
      for (const name of ["done", "waiting", "now"])
        element.classList.toggle(name, state.get(key) === name);
      if (child.node === undefined) continue;
      data.nodes[child.node - 1].lines.forEach((line, index) => {
        let now = line;
        if (line.startsWith("grad ")) {
          now = grads.get(child.node) || "";
          texts[index].setAttribute("class", "grad");
        } else if (freed.has(child.node)) now = line.replace(/saves .*$/, "freed");
        if (texts[index].textContent !== now) texts[index].textContent = now;
      });
    }
    for (const { element } of drawing.segments) element.classList.remove("flow");
    const step = steps[at - 1];
    if (step) for (const [target, slot] of step.sent) trace(step.node, `${target},${slot}`);
  }

  // Mark the way that a gradient takes: up the lines that brought `source` to the box of `node`.
  function trace(node, source) {
    const key = drawing.boxOf(node);
    let group = drawing.parentOf.get(key);
    let item = data.groups[group].children.findIndex((child) => keyOf(child) === key);
    for (;;) {
      const line = drawing.segments.find(
        (s) => s.group === group && s.item === item && s.source === source);
      if (!line) return;
      line.element.classList.add("flow");
      const { children, items } = data.groups[group];
      const kind = items[line.from][0];
      if (kind === "pass") item = line.from;
      else if (kind === "in") { // out of this group, to the line that leads to it
        const inner = group;
        group = drawing.parentOf.get(`g${inner}`);
        item = data.groups[group].children.findIndex((child) => child.group === inner);
      } else { // into an open group, if it is one
        const child = children[line.from];
        if (child.group === undefined || !drawing.open.has(data.groups[child.group].key)) return;
        group = child.group;
        item = data.groups[group].items.findIndex(([k, s]) => k === "out" && String(s) === source);
      }
    }
  }

  function tell() {
    const step = steps[at - 1], parts = [];
    const add = (name, text, parent) => {
      const element = document.createElement(name);
      element.textContent = text;
      if (parent) parent.append(element);
      else parts.push(element);
      return element;
    };
    if (step) {
      add("h2", step.title);
      const list = add("dl", "");
      for (const [label, text] of step.rows) {
        add("dt", label, list);
        add("dd", text, list);
      }
    } else {
      add("h2", "Before the first step");
      add("p", "The forward pass is done. Each box shows what it made; the gradient will start at the last.");
    }
    byId("step").replaceChildren(...parts);
    byId("held").value = step ? step.held : data.held;
    byId("heldText").textContent = `${step ? step.heldText : data.heldText} of ${data.heldText}`;
    byId("slider").value = at;
    byId("where").textContent = `step ${at} of ${steps.length}`;
    byId("back").disabled = byId("first").disabled = at === 0;
    byId("next").disabled = at === steps.length;
  }

  function follow() {
    const step = steps[at - 1] || steps[0];
    if (step) drawing.reveal(drawing.boxOf(step.node));
  }

  function show(step) {
    at = Math.min(Math.max(step, 0), steps.length);
    colour();
    tell();
    follow();
  }

  // ---- playing ----

  function play(on) {
    clearInterval(timer);
    timer = null;
    if (on) {
      if (at === steps.length) show(0);
      timer = setInterval(() => {
        show(at + 1);
        if (at === steps.length) play(false);
      }, MILLISECONDS / Number(byId("speed").value));
    }
    byId("play").setAttribute("aria-pressed", String(on));
    byId("play").textContent = on ? "❚❚ Pause" : "▶ Play";
  }

  function by(count) {
    play(false);
    show(at + count);
  }

  byId("first").addEventListener("click", () => by(-Infinity));
  byId("back").addEventListener("click", () => by(-1));
  byId("next").addEventListener("click", () => by(1));
  byId("play").addEventListener("click", () => play(timer === null));
  byId("speed").addEventListener("change", () => { if (timer !== null) play(true); });
  byId("slider").addEventListener("input", () => { play(false); show(Number(byId("slider").value)); });
  document.addEventListener("keydown", (event) => {
    if (event.target.matches("input, select") || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === " " && event.target.matches("button")) return; // presses the button
    const acts = {
      ArrowRight: () => by(1), ArrowLeft: () => by(-1), " ": () => play(timer === null),
      Home: () => by(-Infinity), End: () => by(Infinity),
    };
    if (!acts[event.key]) return;
    event.preventDefault();
    acts[event.key]();
  });
  show(0);
}
