// The style sheet and the script of report.html; both stand in the file, which loads nothing.

/// What the page carries beside its sections.
enum ReportAssets {
  /// Light and dark, screen and paper; a word stands beside every colour.
  static let style = """
    :root { --page: #fff; --text: #16181d; --dim: #5c6370; --line: #c9ced6; --right: #d5efdc; --open: #eef0f3;
      --known: #fdeccd; --wrong: #fbd9d9; --h0: #eef0f3; --h1: #cfe3f5; --h2: #fde2a0; --h3: #f5a94c; --h4: #d9562b;
      --h5: #7a0f2b; }
    @media (prefers-color-scheme: dark) {
      :root { --page: #14161a; --text: #e8eaee; --dim: #a3aab6; --line: #3a404a; --right: #1d4a2c; --open: #262a31;
        --known: #584013; --wrong: #6b2228; --h0: #262a31; --h1: #24445f; --h2: #7a5a10; --h3: #c27a1d; --h4: #ef7d4d;
        --h5: #ffd0c2; }
    }
    body { margin: 2rem auto; padding: 0 1.5rem; max-width: 84rem; background: var(--page); color: var(--text);
      font: 1rem/1.5 system-ui, sans-serif; }
    h1 { font-size: 1.4rem; } h2 { margin: 2.5rem 0 .3rem; font-size: 1.15rem; }
    h3 { margin: 2rem 0 0; font: 600 1rem/1.4 ui-monospace, Menlo, Consolas, monospace; overflow-wrap: anywhere; }
    h4 { margin: .8rem 0 .3rem; font-size: 1rem; font-weight: normal; }
    a { color: inherit; } nav a { margin-right: .8rem; } p { margin: .3rem 0; }
    a:focus-visible, summary:focus-visible, input:focus-visible, select:focus-visible {
      outline: 3px solid var(--text); outline-offset: 2px; }
    .subtitle, figcaption, dt, small { color: var(--dim); }
    .lead { font-size: 1.25rem; } .alert { background: var(--wrong); padding: .4rem .8rem; }
    dl { display: grid; grid-template-columns: max-content 1fr; gap: 0 1.2rem; margin: .8rem 0; }
    dd { margin: 0; overflow-wrap: anywhere; font: .85rem/1.7 ui-monospace, Menlo, Consolas, monospace; }
    table { border-collapse: collapse; font: .85rem/1.4 ui-monospace, Menlo, Consolas, monospace; }
    th { text-align: left; font-weight: normal; color: var(--dim); }
    td, th { padding: .15rem 1rem .15rem .4rem; vertical-align: top; }
    thead th { border-bottom: 1px solid var(--line); }
    .grid td, .grid th { border: 1px solid var(--line); } small { display: block; }
    .grid .right small, .grid .wrong small, .grid .open small { color: inherit; opacity: .8; }
    .n { text-align: right; font-variant-numeric: tabular-nums; } .why { white-space: pre-wrap; min-width: 16rem; }
    .scroll { overflow-x: auto; }
    .right { background: var(--right); } .open { background: var(--open); } .known { background: var(--known); }
    .wrong { background: var(--wrong); }
    .verdict { display: inline-block; padding: 0 .5rem; border-radius: .2rem; margin-right: .3rem; }
    .filter { display: flex; flex-wrap: wrap; gap: .4rem 1.2rem; align-items: baseline; margin: .6rem 0; }
    .filter[hidden] { display: none; }
    input, select { font: inherit; color: inherit; background: var(--page); border: 1px solid var(--dim);
      border-radius: .2rem; padding: .1rem .4rem; }
    .unit { border-left: .3rem solid var(--line); padding-left: 1rem; margin: .8rem 0; }
    .diagnosis { margin: .4rem 0; } pre { overflow-x: auto; background: var(--open); padding: .6rem; }
    .heat { margin: .8rem 0; } .legend span { margin-right: 1rem; white-space: nowrap; }
    .legend i { display: inline-block; width: .9em; height: .9em; }
    .worst { margin: .3rem 0; padding-left: 1.4rem; }
    .picture img { background: #fff; max-width: none; } summary { cursor: pointer; }
    .h0 { fill: var(--h0); background: var(--h0); } .h1 { fill: var(--h1); background: var(--h1); }
    .h2 { fill: var(--h2); background: var(--h2); } .h3 { fill: var(--h3); background: var(--h3); }
    .h4 { fill: var(--h4); background: var(--h4); } .h5 { fill: var(--h5); background: var(--h5); }
    @media print {
      body { max-width: none; margin: 0; font-size: .8rem; } nav, .filter { display: none; }
      * { print-color-adjust: exact; -webkit-print-color-adjust: exact; } .scroll { overflow: visible; }
    }
    """

  /// Narrows the list of units; the form is hidden where scripts are off.
  static let script = """
    const form = document.querySelector(".filter");
    const lines = [...document.querySelectorAll("tr[data-verdict]")];
    const narrow = () => {
      const text = form.elements.text.value.toLowerCase();
      let shown = 0;
      for (const line of lines) {
        const fits = ["verdict", "level", "dtype"].every(name => {
          const wanted = form.elements[name].value;
          return !wanted || line.dataset[name] === wanted;
        });
        line.hidden = !fits || !line.textContent.toLowerCase().includes(text);
        if (!line.hidden) shown += 1;
      }
      form.querySelector("output").textContent = shown + " of " + lines.length + " units";
    };
    form.hidden = false;
    form.addEventListener("input", narrow);
    form.addEventListener("submit", event => event.preventDefault());
    narrow();
    """
}
