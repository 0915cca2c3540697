"""Shows the gallery: `python -m slmdesk.ui.gallery [--theme dark] [--scale 200] [--picture FILE]`.

In the language of SLMDESK_LANGUAGE, or of the system.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

LARGEST_PERCENT = 300


def main() -> int:
    """Show the window until it is closed, or write a picture of it."""
    parser = argparse.ArgumentParser(prog="python -m slmdesk.ui.gallery")
    parser.add_argument("--theme", choices=("system", "light", "dark"), default="system")
    parser.add_argument("--scale", type=int, metavar="PERCENT", help="text scale, 100 to 300")
    parser.add_argument("--mirrored", action="store_true", help="let text run from the right")
    parser.add_argument("--picture", type=Path, metavar="FILE", help="write a PNG of all of it and end")
    options = parser.parse_args()
    if options.scale is not None and not 100 <= options.scale <= LARGEST_PERCENT:
        parser.error("--scale is a number from 100 to 300")
    if options.picture is not None:
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

    from slmdesk.messages import choose_language
    from slmdesk.storage import resources_folder
    from slmdesk.ui import Theme, make_application
    from slmdesk.ui.gallery import Gallery

    choose_language(os.environ.get("SLMDESK_LANGUAGE") or "system", resources_folder() / "locale")
    app = make_application()
    app.setQuitOnLastWindowClosed(True)
    theme = Theme(app, options.theme, scale=options.scale / 100 if options.scale else None)
    theme.set_style()
    gallery = Gallery(theme)
    if options.mirrored:
        gallery.mirror(True)
    gallery.resize(gallery.first_size() if options.picture is None else gallery.whole_size())
    gallery.show()
    if options.picture is None:
        return app.exec()
    app.processEvents()
    return 0 if gallery.grab().save(str(options.picture)) else 1


if __name__ == "__main__":
    raise SystemExit(main())
