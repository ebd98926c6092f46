"""Build the documentation: build_docs.py FOLDER. A warning, a broken link among them, is a failure."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import reference

DOCS = Path(__file__).resolve().parent.parent / "docs"


def main(target: Path) -> int:
    started = time.monotonic()
    pages = reference.write(DOCS / "reference/generated")
    print(f"==> reference pages: {', '.join(pages)}", flush=True)
    sphinx = [sys.executable, "-m", "sphinx", "-b", "html", "-W", "--keep-going", "-n", "-q"]
    code = subprocess.run([*sphinx, str(DOCS), str(target)], check=False).returncode
    if code == 0:
        print(f"==> {target}/index.html ({time.monotonic() - started:.1f} s)")
    return code


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
