for (const figure of document.querySelectorAll("figure.mask")) {
  const { rows, sentences, verbs } = JSON.parse(figure.querySelector("script").textContent);
  const table = figure.querySelector("table"), says = figure.querySelector(".says");
  const body = table.tBodies[0].rows, keys = table.tHead.rows[1].cells;
  let chosen = null, stop = body[0].cells[1];
  const place = cell => [cell.parentNode.sectionRowIndex, cell.cellIndex - 1];
  const explain = cell => {
    const [query, key] = place(cell), clause = cell.dataset.clause;
    const sees = " " + verbs[cell.classList.contains("hidden") ? 1 : 0] + " ";
    return rows[query] + sees + (query === key ? "itself" : rows[key]) + ": " + clause + " " + sentences[clause];
  };
  const mark = (cell, on) => {
    for (const part of [cell, cell.parentNode.cells[0], keys[cell.cellIndex]]) part.classList.toggle("here", on);
  };
  const choose = cell => {
    if (cell === chosen) return;
    if (chosen) mark(chosen, false);
    mark(chosen = cell, true);
    says.textContent = explain(cell);
  };
  const go = cell => {
    stop.tabIndex = -1;
    stop = cell;
    cell.tabIndex = 0;
    cell.setAttribute("aria-label", explain(cell));
    cell.focus();
    choose(cell);
  };
  const cellOf = event => event.target.closest("tbody td");
  table.addEventListener("mouseover", event => { const cell = cellOf(event); if (cell) choose(cell); });
  table.addEventListener("click", event => { const cell = cellOf(event); if (cell) go(cell); });
  table.addEventListener("focusin", event => {
    const cell = cellOf(event);
    if (cell) { cell.setAttribute("aria-label", explain(cell)); choose(cell); }
  });
  table.addEventListener("keydown", event => {
    const cell = cellOf(event), last = rows.length - 1;
    if (!cell || event.altKey || event.metaKey) return;
    const [query, key] = place(cell), all = event.ctrlKey;
    const target = {
      ArrowUp: [query - 1, key], ArrowDown: [query + 1, key], ArrowLeft: [query, key - 1],
      ArrowRight: [query, key + 1], PageUp: [query - 10, key], PageDown: [query + 10, key],
      Home: [all ? 0 : query, 0], End: [all ? last : query, last],
    }[event.key];
    if (!target) return;
    event.preventDefault();
    const [row, column] = target.map(place => Math.min(Math.max(place, 0), last));
    go(body[row].cells[column + 1]);
  });
}
