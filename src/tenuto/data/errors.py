"""What can be wrong with data on its way in."""

from __future__ import annotations

from tenuto.core.errors import Fault, FaultKind

SOURCE_OUTSIDE = Fault(
    "data.source_outside",
    FaultKind.FORBIDDEN,
    "the source lies outside the folders that may be read",
    "Move the files below an allowed folder, or have the setting `source_roots` extended.",
)
SOURCE_EMPTY = Fault(
    "data.source_empty",
    FaultKind.NOT_FOUND,
    "the source holds no file of its format",
    "Put at least one file into the source, or correct its path and format.",
)
SOURCE_TOO_LARGE = Fault(
    "data.source_too_large",
    FaultKind.TOO_LARGE,
    "the source holds more than is read at once",
    "Split the source into several, or raise the setting `source_limit` if the machine has the memory.",
)
SOURCE_UNREADABLE = Fault(
    "data.source_unreadable",
    FaultKind.INVALID,
    "a file of the source cannot be read",
    "Let the user that Tenuto runs as read the file that the detail names.",
)
CONTENT_INVALID = Fault(
    "data.content_invalid",
    FaultKind.INVALID,
    "a file does not hold what the source declares",
    "Correct the row and column that the detail names, or the column types of the source.",
)
SEPARATOR_UNKNOWN = Fault(
    "data.separator_unknown",
    FaultKind.INVALID,
    "the values of a file are not separated by commas",
    "Save the file with commas between the values and a point in decimals; quote a name that holds another sign.",
)
COLUMNS_DIFFER = Fault(
    "data.columns_differ",
    FaultKind.INVALID,
    "the files of a source do not have the same columns",
    "Give every file the columns of the first one, or split the source.",
)
ML_MISSING = Fault(
    "data.ml_missing",
    FaultKind.UNSUPPORTED,
    "this installation cannot read tables",
    "Install the extra: `pip install 'tenuto[ml]'`.",
)
