"""Write what happened: JSON for machines, one HTML page for each language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from tenuto.cli.demo.plots import bars
from tenuto.cli.demo.texts import TEXTS
from tenuto.cli.demo.words import Failure, Row

_MOST_FEATURES = 10


class Report(msgspec.Struct, frozen=True):
    """The whole outcome. ``seconds`` counts from the first process started to the last step done."""

    version: str
    seconds: float
    rows: list[Row]
    failure: Failure | None = None


def write(report: Report, folder: Path) -> list[Path]:
    """Write all files into ``folder`` and return their paths."""
    plain = folder / "demo-report.json"
    plain.write_bytes(msgspec.json.format(msgspec.json.encode(report)) + b"\n")
    return [plain, *(_page(report, folder, language) for language in TEXTS)]


def _page(report: Report, folder: Path, language: str) -> Path:
    environment = Environment(
        loader=PackageLoader("tenuto.cli.demo", "."), autoescape=True, undefined=StrictUndefined
    )
    texts = TEXTS[language]
    facts = {row.key: row.facts for row in report.rows}
    page = environment.get_template("report.html").render(
        language=language,
        t=texts,
        rows=report.rows,
        failure=report.failure,
        charts=_charts(facts, texts),
        sections=_sections(facts, texts),
    )
    path = folder / f"demo-report.{language}.html"
    path.write_text(page, "utf-8")
    return path


def _charts(facts: Mapping[str, Mapping[str, Any]], texts: Mapping[str, str]) -> list[dict[str, Any]]:
    charts: list[tuple[str, Sequence[tuple[str, float]]]] = []
    if "pipeline" in facts:
        found = facts["pipeline"]
        done = set(found["finished_before_kill"])
        runs = [
            (f"{name} *" if name in done else name, float(count))
            for name, count in found["executions"].items()
        ]
        worth = sorted(found["worth"].items(), key=lambda one: -one[1])[:_MOST_FEATURES]
        charts += [("executions", runs), ("worth", worth)]
    if "dataset" in facts:
        bins = facts["dataset"]["profile"]["bins"]
        edges = zip(bins["edges"], bins["edges"][1:], strict=False)
        labels = [f"{low:.1f} - {high:.1f}" for low, high in edges]
        charts.append(("distribution", list(zip(labels, map(float, bins["counts"]), strict=True))))
    if "ledger" in facts:
        tokens = facts["ledger"]["tokens_by_call"]
        charts.append(
            ("tokens", [(str(number), float(count)) for number, count in enumerate(tokens, start=1)])
        )
    return [
        {"title": texts[key], "values": values, "svg": Markup(bars(texts[key], values))}  # noqa: S704 (escaped there)
        for key, values in charts
    ]


def _sections(facts: Mapping[str, Mapping[str, Any]], texts: Mapping[str, str]) -> list[dict[str, Any]]:
    sections: list[tuple[str, list[tuple[str, str]]]] = []
    if "calls" in facts:
        keys = ("prompt", "upstream_received", "answer")
        sections.append(("masking", [(texts[key], facts["calls"][key]) for key in keys]))
    if "approval" in facts:
        sections.append(("refusal", [(facts["approval"]["digest"], facts["approval"]["refused"])]))
    if "budget" in facts:
        sections.append(("stopped", [("402", facts["budget"]["reason"])]))
    if "tampering" in facts:
        found = facts["tampering"]["found"]
        sections.append(("found", [(texts[name], sentence) for name, sentence in found.items()]))
    return [{"title": texts[key], "entries": entries} for key, entries in sections]
