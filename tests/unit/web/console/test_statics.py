"""Files under addresses that change with their content, and other people's work as it was taken."""

from __future__ import annotations

import gzip
import hashlib
import re
from typing import Any

from tenuto.web.console.statics import FOLDER, Statics

VENDOR = FOLDER / "vendor"
ROW = re.compile(r"^\| `([^`]+)` .*licences/([a-z]+\.txt).* \| `([0-9a-f]{64})` \|$", re.MULTILINE)


def test_vendored_files_are_those_that_the_list_names() -> None:
    listed = {
        name: (licence, digest) for name, licence, digest in ROW.findall((VENDOR / "VENDORED.md").read_text())
    }
    files = {path.name for path in VENDOR.iterdir() if path.suffix in {".js", ".css"}}
    assert listed.keys() == files
    for name, (licence, digest) in listed.items():
        assert hashlib.sha256((VENDOR / name).read_bytes()).hexdigest() == digest, name
        assert (VENDOR / "licences" / licence).stat().st_size > 200


def test_a_file_is_sent_once_and_kept(visitor: Any) -> None:
    address = Statics().address("css/1-tokens.css")
    plain = visitor.get(address, headers={"accept-encoding": "identity"})
    assert plain.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert plain.headers["content-type"] == "text/css; charset=utf-8"
    assert plain.headers["vary"] == "Accept-Encoding"
    packed = visitor.client.build_request("GET", address, headers={"accept-encoding": "gzip"})
    answer = visitor.client.send(packed, stream=True)
    assert answer.headers["content-encoding"] == "gzip"
    assert gzip.decompress(b"".join(answer.iter_raw())) == plain.content


def test_only_listed_files_are_sent(visitor: Any) -> None:
    digest = Statics().address("mark.svg").split("/")[2]
    for address in (
        f"/static/{digest}/vendor/VENDORED.md",
        f"/static/{digest}/css/1-tokens.css",
        "/static/x/mark.svg",
        f"/static/{digest}/mark.svg/",
        f"/static/{digest}/../console.py",
    ):
        assert visitor.get(address).status_code in {400, 404}, address


def test_no_style_sheet_or_script_of_ours_reaches_elsewhere() -> None:
    for file in [*FOLDER.glob("css/*.css"), *FOLDER.glob("js/*.js"), FOLDER / "mark.svg"]:
        text = file.read_text("utf-8").replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"https?://|url\(|@import|\beval\b|innerHTML|Function\(", text), file.name
