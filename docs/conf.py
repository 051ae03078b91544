"""How the site of these pages is built: `sphinx-build -W docs site` (pip install '.[docs]')."""

import runpy
from pathlib import Path

project = "phonehome"
author = "the phonehome developers"
version = release = runpy.run_path(str(Path(__file__).parent.parent / "analyzer" / "version.py"))["VERSION"]

extensions = ["myst_parser"]
myst_heading_anchors = 3
myst_enable_extensions = ["colon_fence", "deflist"]
# Pages link to files of the source tree, which are not part of the site.
suppress_warnings = ["myst.xref_missing"]
exclude_patterns = ["_build"]

html_theme = "furo"
html_title = f"phonehome {version}"
html_show_sphinx = False
html_copy_source = False
html_theme_options = {"sidebar_hide_name": False}
