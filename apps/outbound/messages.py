"""The body of a message in each shape."""

import datetime as dt
import json
from typing import Any

from django.utils.translation import gettext as _

from apps.outbound.kinds import MessageKind


def body_of(kind: str, event: str, at: dt.datetime, data: dict[str, Any]) -> str:
    """JSON text. Standard Webhooks asks for `type`, `timestamp` and `data`."""
    match MessageKind(kind):
        case MessageKind.STANDARD:
            told: dict[str, Any] = {"type": event, "timestamp": at.isoformat(), "data": data}
        case MessageKind.SLACK:
            # Source: Slack API docs, "Formatting text for app surfaces": three characters are escaped.
            told = {"text": f"{_escaped(data['summary'])} <{data['url']}|{_('Read on')}>"}
        case MessageKind.TEAMS:
            told = _card(data)
    return json.dumps(told, ensure_ascii=False)


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _card(data: dict[str, Any]) -> dict[str, Any]:
    """Source: Microsoft Learn, "Create and send messages" of Workflows: an adaptive card in `attachments`."""
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": [{"type": "TextBlock", "text": data["summary"], "wrap": True}],
        "actions": [{"type": "Action.OpenUrl", "title": _("Read on"), "url": data["url"]}],
    }
    kind = "application/vnd.microsoft.card.adaptive"
    return {"type": "message", "attachments": [{"contentType": kind, "content": card}]}
