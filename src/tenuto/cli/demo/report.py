"""Write what happened: JSON for machines, one HTML page for each language."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from tenuto.cli.demo.plots import bars
from tenuto.cli.demo.texts import TEXTS
from tenuto.cli.demo.words import Failure, Row, Use

_MOST_FEATURES = 10
_SIMULATORS = "simulator-"

Facts = Mapping[str, Any]
Texts = Mapping[str, str]
Values = Sequence[tuple[str, float]]


class RealProvider(msgspec.Struct, frozen=True):
    """Whom model calls went to besides the simulators. The key is not part of it."""

    name: str
    model: str
    address: str


class Report(msgspec.Struct, frozen=True):
    """The whole outcome. ``seconds`` counts from the first process started to the last step done."""

    version: str
    at: datetime
    seconds: float
    rows: list[Row]
    failure: Failure | None = None
    provider: RealProvider | None = None


def write(report: Report, folder: Path) -> list[Path]:
    """Write all files into ``folder`` and return their paths."""
    plain = _plain_of(folder)
    plain.write_bytes(msgspec.json.format(msgspec.json.encode(report)) + b"\n")
    return [plain, *(_page(report, folder, language) for language in TEXTS)]


def files(folder: Path) -> list[Path]:
    """Return the paths of all files that a report consists of."""
    return [_plain_of(folder), *(page_of(folder, language) for language in TEXTS)]


def _plain_of(folder: Path) -> Path:
    return folder / "demo-report.json"


def page_of(folder: Path, language: str) -> Path:
    return folder / f"demo-report.{language}.html"


def uses(found: Sequence[Use], texts: Texts) -> str:
    """Say who used what, grouped by means: ``Ada Lovelace, Ben Okoye: command line``."""
    by_means: dict[str, list[str]] = {}
    for use in found:
        by_means.setdefault(use.means, []).append(_who(use.who, texts))
    return "; ".join(
        texts["with"].format(who=", ".join(who), means=texts[f"means_{means}"])
        for means, who in by_means.items()
    )


def _page(report: Report, folder: Path, language: str) -> Path:
    environment = Environment(
        loader=PackageLoader("tenuto.cli.demo", "."), autoescape=True, undefined=StrictUndefined
    )
    texts = TEXTS[language]
    facts = {row.key: row.facts for row in report.rows}
    page = environment.get_template("report.html").render(
        language=language,
        languages=list(TEXTS),
        t=texts,
        report=report,
        provenance=_provenance(report, texts),
        uses=lambda found: uses(found, texts),
        number=lambda value, places: _number(value, places, language),
        seconds=lambda value: _written(f"{value:.1f}", language),
        charts=_charts(facts, texts, language),
        sections=_sections(facts, texts),
    )
    path = page_of(folder, language)
    path.write_text(page, "utf-8")
    return path


def _provenance(report: Report, texts: Texts) -> list[str]:
    """Say who answered the model calls, and what that proves and what it cannot."""
    if report.provider is None:
        return [texts["simulated"]]
    found = report.provider
    return [
        texts["real"].format(name=found.name, model=found.model, address=found.address),
        texts["real_unseen"].format(name=found.name),
        texts["real_books"],
    ]


def _charts(facts: Mapping[str, Facts], texts: Texts, language: str) -> list[dict[str, Any]]:
    drawn: Mapping[str, tuple[str, Callable[[Facts], Values]]] = {
        "executions": ("pipeline", _executions),
        "worth": ("pipeline", _worth),
        "distribution": ("dataset", lambda found: _distribution(found, language)),
        "tokens": ("ledger", _tokens),
    }
    charts = []
    for key, (row, values_of) in drawn.items():
        if row in facts:
            values = values_of(facts[row])
            svg = bars(texts[key], values, lambda value: _number(value, 3, language))
            charts.append({"key": key, "values": values, "svg": Markup(svg)})  # noqa: S704 (escaped there)
    return charts


def _executions(found: Facts) -> Values:
    done = set(found["finished_before_kill"])
    return [
        (f"{name} *" if name in done else name, float(count)) for name, count in found["executions"].items()
    ]


def _worth(found: Facts) -> Values:
    return sorted(found["worth"].items(), key=lambda one: -one[1])[:_MOST_FEATURES]


def _distribution(found: Facts, language: str) -> Values:
    bins = found["profile"]["bins"]
    edges = zip(bins["edges"], bins["edges"][1:], strict=False)
    labels = [f"{_number(low, 1, language)} – {_number(high, 1, language)}" for low, high in edges]
    return list(zip(labels, map(float, bins["counts"]), strict=True))


def _tokens(found: Facts) -> Values:
    return [(str(place), float(count)) for place, count in enumerate(found["tokens_by_call"], start=1)]


def _sections(facts: Mapping[str, Facts], texts: Texts) -> list[dict[str, Any]]:
    sections: list[tuple[str, list[tuple[str, str]]]] = []
    if "calls" in facts:
        keys = ("prompt", "upstream_received", "answer", "provider_answer")
        sections.append(
            ("masking", [(texts[key], facts["calls"][key]) for key in keys if key in facts["calls"]])
        )
    if "approval" in facts:
        found = facts["approval"]
        entries = [(texts["told"], found["refused"]), (texts["digest"], found["digest"])]
        sections.append(("refusal", entries))
    if "budget" in facts:
        sections.append(("stopped", [(texts["told"], facts["budget"]["reason"])]))
    if "audit" in facts:
        sections.append(("proven", [("", sentence) for sentence in facts["audit"]["proven"]]))
    if "tampering" in facts:
        found = facts["tampering"]["found"]
        sections.append(("found", [(texts[name], sentence) for name, sentence in found.items()]))
    return [{"title": texts[key], "entries": entries} for key, entries in sections]


def _who(name: str, texts: Texts) -> str:
    return texts["simulator"].format(name.removeprefix(_SIMULATORS)) if name.startswith(_SIMULATORS) else name


def _number(value: float, places: int, language: str) -> str:
    """Write a number as the language does, without digits that say nothing."""
    text = f"{value:.{places}f}"
    return _written(text.rstrip("0").rstrip(".") if "." in text else text, language)


def _written(text: str, language: str) -> str:
    return text.replace(".", ",") if language == "fr" else text
