{
  const data = JSON.parse(document.getElementById("data").textContent);
  const byId = (id) => document.getElementById(id);
  byId("heading").textContent = data.title;
  byId("summary").textContent = data.summary;

  const drawing = new Drawing(byId("frame"), data, (child) =>
    byId("details").replaceChildren(...described(child, data, (number) => drawing.goTo(number))));
  tools(drawing);
  addEventListener("resize", () => drawing.fit());

  // Find: Enter goes to the next box whose text has what was typed.
  const find = byId("find");
  let at = -1;
  find.addEventListener("input", () => { at = -1; });
  find.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !find.value.trim()) return;
    const wanted = find.value.trim().toLowerCase();
    const hits = data.nodes
      .map((node, index) => [index + 1, [node.title, ...node.details.flat()].join("\n").toLowerCase()])
      .filter(([, text]) => text.includes(wanted));
    byId("found").textContent = hits.length ? "" : "nothing found";
    if (!hits.length) return;
    at = (at + 1) % hits.length;
    byId("found").textContent = `${at + 1} of ${hits.length}`;
    drawing.goTo(hits[at][0]);
    find.focus();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.target.matches("input")) return;
    event.preventDefault();
    find.focus();
  });
}
