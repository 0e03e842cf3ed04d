// RUN-25: the style sheet of report.html; its script stands beside it. The page loads neither.

/// What the page carries beside its sections.
enum ReportAssets {
  /// Light and dark, screen and paper; a word, a size or a ring says what a colour says.
  static let style = """
    :root { --page: #fff; --text: #16181d; --dim: #555c69; --line: #c9ced6; --right: #d5efdc; --open: #eef0f3;
      --known: #fdeccd; --wrong: #fbd9d9; --seen: #3b4252; --hidden: #9aa1ad; --ring: #b3001b;
      --h1: #7b93ad; --h2: #b98300; --h3: #c2570c; --h4: #b3261e; --h5: #5c0a1f; }
    @media (prefers-color-scheme: dark) {
      :root { --page: #14161a; --text: #e8eaee; --dim: #a9b0bc; --line: #4a515c; --right: #1d4a2c; --open: #262a31;
        --known: #584013; --wrong: #6b2228; --seen: #c3c9d4; --hidden: #6d7480; --ring: #ff5d6c;
        --h1: #5f7c99; --h2: #d6a520; --h3: #ff9d47; --h4: #ff6b4a; --h5: #ff3b5c; }
    }
    * { box-sizing: border-box; }
    body { margin: 1.2rem auto; padding: 0 1.2rem; max-width: 84rem; background: var(--page); color: var(--text);
      font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
    h1 { margin: .2rem 0 .5rem; font-size: 1.3rem; line-height: 1.35; } h1::first-letter { text-transform: uppercase; }
    h2 { margin: 1.8rem 0 .4rem; font-size: 1.1rem; } header h2 { margin: .8rem 0 .1rem; font-size: 1rem; }
    h3 { margin: .6rem 0 .3rem; font: 600 1rem/1.4 ui-monospace, Menlo, Consolas, monospace; }
    h4 { margin: .3rem 0; font-size: .9rem; }
    p { margin: .4rem 0; } ul { margin: .3rem 0; padding-left: 1.3rem; }
    a { color: inherit; } code, .cells { font: .85rem/1.6 ui-monospace, Menlo, Consolas, monospace; }
    summary:focus-visible, input:focus-visible, select:focus-visible, [tabindex]:focus-visible {
      outline: 3px solid var(--text); outline-offset: 2px; }
    .name, .dim, figcaption, caption, dt, .legend { color: var(--dim); } .name { margin: 0; }
    .alert { background: var(--wrong); padding: .4rem .8rem; } .met { white-space: nowrap; }
    dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: 0 1.2rem; margin: .8rem 0; }
    dd { margin: 0; font: .85rem/1.7 ui-monospace, Menlo, Consolas, monospace; }
    table { border-collapse: collapse; font: .85rem/1.4 ui-monospace, Menlo, Consolas, monospace; }
    caption { text-align: left; font-family: system-ui, sans-serif; padding: .2rem 0; }
    th { text-align: left; font-weight: normal; color: var(--dim); } tbody th { overflow-wrap: normal; }
    td, th { padding: .15rem .8rem .15rem .3rem; vertical-align: top; }
    thead th { border-bottom: 1px solid var(--line); }
    .grid td, .grid th { border: 1px solid var(--line); overflow-wrap: normal; } small { display: block; }
    .n { text-align: right; font-variant-numeric: tabular-nums; } .why { white-space: pre-wrap; min-width: 16rem; }
    .scroll { overflow-x: auto; max-width: 100%; } .scroll td, .scroll th { overflow-wrap: normal; }
    .right { background: var(--right); } .open { background: var(--open); } .known { background: var(--known); }
    .wrong { background: var(--wrong); }
    .verdict { display: inline-block; padding: 0 .5rem; border-radius: .2rem; color: var(--text); }
    .filter { display: flex; flex-wrap: wrap; gap: .4rem 1.2rem; align-items: baseline; margin: .6rem 0; }
    [hidden] { display: none !important; }
    .unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
    input, select { font: inherit; color: inherit; background: var(--page); border: 1px solid var(--dim);
      border-radius: .2rem; padding: .1rem .4rem; max-width: 100%; }
    summary { cursor: pointer; padding: .15rem 0; } .group { border-bottom: 1px solid var(--line); }
    .failure { margin: .2rem 0 .2rem 1rem; } .failure > summary { font-size: .9rem; }
    .failure[open] { border-left: .2rem solid var(--line); padding-left: .7rem; }
    pre { overflow-x: auto; background: var(--open); padding: .6rem; white-space: pre-wrap; }
    figure { margin: .8rem 0; } .legend { font-size: .85rem; } .legend span { margin-right: 1rem; }
    .legend svg { vertical-align: -.25em; }
    .pair { display: flex; flex-wrap: wrap; gap: .4rem 2.5rem; } .pair > div { max-width: 100%; min-width: 0; }
    svg { display: block; } .legend svg { display: inline-block; }
    svg text { font: 10px ui-monospace, Menlo, Consolas, monospace; fill: var(--dim); }
    svg .row { text-anchor: end; } .frame { fill: none; stroke: var(--line); }
    .seen { fill: var(--seen); } .hidden { fill: var(--hidden); }
    .halo { fill: none; stroke: var(--page); stroke-width: 5; }
    .ring { fill: none; stroke: var(--ring); stroke-width: 2.5; }
    .h1 { fill: var(--h1); } .h2 { fill: var(--h2); } .h3 { fill: var(--h3); } .h4 { fill: var(--h4); }
    .h5 { fill: var(--h5); }
    @media (max-width: 40rem) { body { padding: 0 .7rem; } h1 { font-size: 1.15rem; } .failure { margin-left: .2rem; }
      .list tbody th { max-width: 6rem; } }
    @media print {
      body { max-width: none; margin: 0; font-size: .8rem; } .filter { display: none; }
      * { print-color-adjust: exact; -webkit-print-color-adjust: exact; } .scroll { overflow: visible; }
    }
    """
}
