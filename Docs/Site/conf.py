"""Settings of Sphinx for the project's site; build.py assembles the pages and calls it."""

project = "LoMA, exactly"
author = "the LoMA conformance project"
extensions = ["myst_parser"]
root_doc = "README"
source_suffix = {".md": "markdown"}
exclude_patterns = ["reports/**", "api/**", "explorer/**"]

# Headings have the anchors that they have where the Markdown is read as it is.
myst_heading_anchors = 6
myst_enable_extensions = ["attrs_inline", "attrs_block"]

html_theme = "furo"
html_title = project
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
# Summaries are fetched, which a browser refuses to pages that are opened from a file.
html_show_search_summary = False
html_show_sourcelink = False
html_permalinks_icon = "#"
highlight_language = "text"
# What a command prints is no program, so that a lexer stumbles; clauses are headings of the third level everywhere.
suppress_warnings = ["misc.highlighting_failure", "myst.header"]
