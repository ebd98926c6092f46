"""Pages with their frame: navigation, workspace, preferences, messages."""

from __future__ import annotations

from typing import Any

import msgspec

from tenuto.core.clock import Clock
from tenuto.core.errors import TenutoError
from tenuto.web.console.i18n.faults import FaultText
from tenuto.web.console.navigation import NavSection, build_navigation, current_item, doors_of, without
from tenuto.web.console.templates import Templates
from tenuto.web.faults import status_of
from tenuto.web.ports import Frame, FrameFacts
from tenuto.web.registry.registry import Registry
from tenuto.web.registry.words import Route
from tenuto.web.words import Call, Flash, Language, Theme, View


class Moment(msgspec.Struct, frozen=True):
    """What a page needs of the request it answers, beside the call."""

    csrf_token: str
    flash: Flash | None = None


class Console:
    def __init__(self, registry: Registry, *, frame: Frame, clock: Clock, templates: Templates) -> None:
        self._templates = templates
        self._frame = frame
        self._clock = clock
        self._sections = build_navigation(registry)

    def page(self, view: View, call: Call, route: Route | None, moment: Moment) -> str:
        """Render a view: the whole page, or its fragment when a part was asked for."""
        if call.partial and view.fragment:
            return self.part(view, call, moment)
        title = view.title or (route.title if route else "")
        shown_title = self._templates.translator(call.language)(title, **view.title_values)
        values = {**self._common(call, moment), **self._around(call, moment), "title": shown_title}
        return self._templates.render(call.language, view.template, {**values, **view.values})

    def part(self, view: View, call: Call, moment: Moment) -> str:
        """Render the fragment of a view alone; without a fragment, its whole template."""
        values = {**self._common(call, moment), **view.values}
        if view.fragment:
            return self._templates.render_block(call.language, view.template, view.fragment, values)
        return self._templates.render(call.language, view.template, values)

    def error(self, error: TenutoError, call: Call, moment: Moment) -> str:
        """Render an error as a page, or as a message when only a part was asked for."""
        return self.page(self._error_view(error, call), call, None, moment)

    def error_part(self, error: TenutoError, call: Call) -> str:
        return self.part(self._error_view(error, call), call, Moment(""))

    def _error_view(self, error: TenutoError, call: Call) -> View:
        translated = self._templates.translator(call.language).fault(error.fault)
        values = {
            "status": status_of(error),
            "code": error.fault.code,
            "said": translated or FaultText(error.fault.summary, error.fault.fix),
            "said_in": call.language.value if translated else "en",
            "detail": error.detail,
            "retryable": error.fault.retryable,
        }
        missing = self._frame.missing_right(call, error) if call.caller else None
        if missing is not None and not call.partial:
            return View("forbidden.html", {**values, "missing": missing}, title="error.forbidden")
        return View("error.html", values, title="error.title", fragment="problem")

    def bounce(self, call: Call) -> str:
        return self._templates.render(call.language, "bounce.html", {"call": call})

    def _common(self, call: Call, moment: Moment) -> dict[str, Any]:
        """Values that also fragments have."""
        return {"call": call, "csrf": moment.csrf_token, "now": self._clock.now()}

    def _around(self, call: Call, moment: Moment) -> dict[str, Any]:
        return {
            "flash": moment.flash,
            "sections": self._open_sections(call) if call.caller else (),
            "current": current_item(self._sections, call.page),
            "facts": self._frame.facts(call) if call.caller else FrameFacts(),
            "languages": list(Language),
            "themes": list(Theme),
        }

    def _open_sections(self, call: Call) -> tuple[NavSection, ...]:
        """Return the navigation without what would be refused. The refusal itself is the use case's."""
        return without(self._sections, self._frame.closed(call, doors_of(self._sections)))
