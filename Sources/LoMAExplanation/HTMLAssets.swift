// The style sheet and the script of the page; both stand in the file, which loads nothing.

/// What the page carries beside its sections.
enum HTMLAssets {
  /// Light and dark, screen and paper. The zones' colours stay apart for every kind of colour vision.
  static let style = """
    :root { --page: #fff; --text: #16181d; --dim: #5c6370; --line: #c9ced6; --bar: #4a5160; --none: #f3f4f6;
      --dot: #767d8a; --reading: #56b4e9; --memory: #e69f00; --repetition: #cc79a7; --pad: #bbb; }
    @media (prefers-color-scheme: dark) {
      :root { --page: #14161a; --text: #e8eaee; --dim: #a3aab6; --line: #3a404a; --bar: #8e97a6; --none: #1e2127;
        --dot: #868e9b; }
    }
    body { margin: 2rem auto; padding: 0 1.5rem; max-width: 76rem; background: var(--page); color: var(--text);
      font: 1rem/1.5 system-ui, sans-serif; }
    h1 { font-size: 1.4rem; } h2 { margin: 2.5rem 0 0; font-size: 1.15rem; } h3 { margin: 1.2rem 0 .3rem; }
    nav a { margin-right: .8rem; } a { color: inherit; }
    p { margin: .3rem 0; } .subtitle, figcaption { color: var(--dim); }
    table { border-collapse: collapse; font: .85rem/1.4 ui-monospace, Menlo, Consolas, monospace; }
    .scroll { overflow-x: auto; }
    .list { margin: .5rem 0; }
    .list th { text-align: left; font-weight: normal; color: var(--dim); border-bottom: 1px solid var(--line); }
    .list th, .list td { padding: .05rem 1.2rem .05rem 0; white-space: nowrap; }
    .list .n { text-align: right; font-variant-numeric: tabular-nums; }
    .group td { padding-top: .7rem; }
    .ink { border-left: .5rem solid var(--line); padding-left: .4rem; }
    .ink.reading { border-color: var(--reading); } .ink.memory { border-color: var(--memory); }
    .ink.repetition { border-color: var(--repetition); } .ink.pad { border-color: var(--pad); }
    .letters span, .legend span { display: inline-block; width: 1.05em; margin-right: 1px; text-align: center;
      color: #111; font-family: ui-monospace, Menlo, Consolas, monospace; }
    .mask { margin: 1rem 0; }
    .mask table { border-collapse: separate; border-spacing: 1px; font-size: .7rem; line-height: 1; }
    .mask td, .mask thead th { width: .95rem; min-width: .95rem; height: .95rem; padding: 0; text-align: center; }
    .mask tbody td { cursor: crosshair; color: #111; }
    .letters .reading, .legend .reading, .mask td.reading { background: var(--reading); }
    .letters .memory, .legend .memory, .mask td.memory { background: var(--memory); }
    .letters .repetition, .legend .repetition, .mask td.repetition { background: var(--repetition); }
    .legend .pad, .mask td.pad { background: var(--pad); }
    .legend .hidden, .mask tbody td.hidden { background: var(--none); color: var(--dot); }
    .mask thead th { font-weight: normal; color: var(--dim); }
    .mask thead th span { writing-mode: vertical-rl; transform: rotate(180deg); }
    .mask thead th[title], .mask tbody th { height: 1.6rem; }
    .mask thead th.reading { border-bottom: .25rem solid var(--reading); }
    .mask thead th.memory { border-bottom: .25rem solid var(--memory); }
    .mask thead th.repetition { border-bottom: .25rem solid var(--repetition); }
    .mask thead th.pad { border-bottom: .25rem solid var(--pad); }
    .mask th.chunk { text-align: left; padding-left: .2rem; color: var(--text); }
    .mask tbody th { height: auto; text-align: right; font-weight: normal; white-space: nowrap; padding: 0 .4rem;
      border-right: .25rem solid var(--pad); }
    .mask tbody th span { color: var(--dim); }
    .mask tbody th b { display: inline-block; min-width: 3ch; text-align: left; font-weight: normal; }
    .mask tbody th.reading { border-right-color: var(--reading); }
    .mask tbody th.memory { border-right-color: var(--memory); }
    .mask tbody th.repetition { border-right-color: var(--repetition); }
    .mask .z { border-left: 2px solid var(--page); } .mask .k { border-left: 3px solid var(--bar); }
    .mask tr.z > * { border-top: 2px solid var(--page); } .mask tr.k > * { border-top: 3px solid var(--bar); }
    .mask tbody td.here { outline: 3px solid var(--text); outline-offset: -1px; position: relative; z-index: 1; }
    .mask th.here { background: var(--text); } .mask th.here, .mask tbody th.here span { color: var(--page); }
    .says { position: sticky; bottom: 0; margin: .4rem 0; padding: .5rem .8rem; min-height: 3em;
      background: var(--page); border: 1px solid var(--line); border-left: .4rem solid var(--bar); }
    @media print {
      body { max-width: none; margin: 0; font-size: .8rem; } nav, .says, figcaption { display: none; }
      * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
      .scroll { overflow: visible; } tr, figure { break-inside: avoid; } h2 { break-after: avoid; }
    }
    """

  /// Chooses a cell by pointer, focus or key, and says its rule; the sentences come from Swift's one table.
  static let script = """
    for (const figure of document.querySelectorAll("figure.mask")) {
      const { rows, sentences } = JSON.parse(figure.querySelector("script").textContent);
      const table = figure.querySelector("table"), says = figure.querySelector(".says");
      const body = table.tBodies[0].rows, keys = table.tHead.rows[1].cells;
      let chosen = null, stop = body[0].cells[1];
      const place = cell => [cell.parentNode.sectionRowIndex, cell.cellIndex - 1];
      const explain = cell => {
        const [query, key] = place(cell), clause = cell.dataset.clause;
        const sees = cell.classList.contains("hidden") ? " does not see " : " sees ";
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
    """
}
