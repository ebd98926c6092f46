"""What is wrong with the form of a CSV file where Arrow does not say so: encoding, separator, lost quotes.

Arrow takes the end of a file for the end of a quoted value, and reads on after a closing quote as if nothing
were. So one lost quote silently swallows the rows up to the next one.
"""

from __future__ import annotations

import re

# The longer ones first: the mark of UTF-32 begins like that of UTF-16.
_MARKS = (
    (b"\xff\xfe\x00\x00", "UTF-32"),
    (b"\x00\x00\xfe\xff", "UTF-32"),
    (b"\xff\xfe", "UTF-16"),
    (b"\xfe\xff", "UTF-16"),
)
_MARK_OF_UTF8 = b"\xef\xbb\xbf"

_SEPARATORS = ((b";", "semicolons"), (b"\t", "tabs"))
_QUOTED = re.compile(rb'"[^"]*+"')
_LONGEST_HEADER = 1 << 20  # bytes

# Where a value may begin with a zero that a number would lose. Cheap, and says yes too often.
_LEADING_ZERO = re.compile(rb'[,"\r\n][ \t]*0[0-9]')

# A quote counts at the beginning of a value only, as in Arrow. Possessive, so that no file makes it go back.
_VALUE = rb'(?:"(?:[^"]++|"")*+"|[^",\r\n][^,\r\n]*+)?+'
_ROW = rb"%b(?:,%b)*+" % (_VALUE, _VALUE)
_WHOLE_ROW = re.compile(rb"%b[\r\n]++" % _ROW)
_WHOLE_FILE = re.compile(rb"(?:%b[\r\n]++)*+(?:%b)?+" % (_ROW, _ROW))


def foreign_encoding(content: bytes) -> str | None:
    """Return the encoding that the file says it has, if that is not UTF-8."""
    return next((name for mark, name in _MARKS if content.startswith(mark)), None)


def foreign_separator(content: bytes, *, beside_commas: bool = False) -> str | None:
    """Return what the names in the header seem to be separated by, if that is not a comma.

    A header with commas is believed to be separated by them, unless ``beside_commas``. Quoted names say nothing.
    """
    start = len(_MARK_OF_UTF8) if content.startswith(_MARK_OF_UTF8) else 0
    head = content[start : start + _LONGEST_HEADER].lstrip(b"\r\n")
    header = re.split(rb"[\r\n]", _QUOTED.sub(b"", head), maxsplit=1)[0]
    if b"," in header and not beside_commas:
        return None
    return next((name for separator, name in _SEPARATORS if separator in header), None)


def may_hold_leading_zeros(content: bytes) -> bool:
    return _LEADING_ZERO.search(content) is not None


def row_of_lost_quote(content: bytes) -> int | None:
    """Return the row, counted from 1, where a quoted value is not closed or goes on behind its closing quote."""
    if b'"' not in content:
        return None
    start = len(_MARK_OF_UTF8) if content.startswith(_MARK_OF_UTF8) else 0
    sound = _WHOLE_FILE.match(content, start)
    if sound is not None and sound.end() == len(content):
        return None
    rows, place = 1, start
    while (row := _WHOLE_ROW.match(content, place)) is not None:
        rows += bool(row[0].strip(b"\r\n"))
        place = row.end()
    return rows
