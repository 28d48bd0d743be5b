"""The Model Context Protocol, asked by the public client `mcp`, and by hand where that would not ask so."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from apps.risks.models import RiskStatement
from tests.api.conftest import Api, as_pipeline, as_user
from tests.conftest import People
from tests.factories import (
    make_guidance,
    make_item,
    make_option,
    make_question,
    make_statement,
    make_token,
)

CLIENT = """
import asyncio, json, sys
import httpx2
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

async def main(url, token, calls):
    sent = {"Authorization": f"Bearer {token}"}
    async with httpx2.AsyncClient(headers=sent, trust_env=False) as http:
        async with Client(streamable_http_client(url, http_client=http)) as client:
            tools = await client.list_tools()
            told = {"tools": [tool.name for tool in tools.tools], "results": []}
            for name, arguments in calls:
                result = await client.call_tool(name, arguments)
                told["results"].append([result.is_error, result.structured_content, result.content[0].text])
            print(json.dumps(told))

asyncio.run(main(sys.argv[1], sys.argv[2], json.loads(sys.argv[3])))
"""


def ask(url: str, token: str, *calls: tuple[str, dict[str, Any]]) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-c", CLIENT, f"{url}/api/mcp", token, json.dumps(calls)],
        env={"PATH": os.environ["PATH"], "NO_PROXY": "*"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def planned(people: People) -> tuple[Any, RiskStatement]:
    item = make_item(people.system, title="Receive invoices by upload")
    option = make_option(item, title="Open bucket")
    make_question(item, body="Who may read the bucket?")
    return item, make_statement(item, option=option, published=True)


@pytest.mark.django_db(transaction=True)
def test_what_is_the_risk_if_we_do_this(people: People, live_server: Any) -> None:
    item, statement = planned(people)
    guidance = make_guidance(title="Signed URLs for uploads", published=True)
    token = make_token(people.viewer).text
    estimate = {"frequency_low": 0.1, "frequency_high": 1}
    estimate |= {"magnitude_low": 10000, "magnitude_high": 500000, "seed": 7}
    told = ask(
        live_server.url,
        token,
        ("search_items", {"text": "invoices"}),
        ("get_item", {"key": item.key}),
        ("search_guidance", {"text": "signed urls"}),
        ("get_guidance", {"key": guidance.key}),
        ("value_estimate", estimate),
        ("get_item", {"key": "PI-999999"}),
        ("get_stage_advice", {"system": "payments", "stage": "plan"}),
        ("get_statement", {"key": "seven"}),
    )
    assert "get_statement" in told["tools"]
    found, got, library, article, valued, missing, advice, wrong = told["results"]
    assert [each["key"] for each in found[1]["items"]] == [item.key]
    (risk,) = got[1]["statements"]
    (option,) = got[1]["options"]
    assert got[1]["open_questions"] == ["Who may read the bucket?"]
    assert risk["key"] == statement.key
    assert risk["url"].endswith(f"/risks/{statement.key}/")
    assert option["expected_annual_loss"] == risk["valuation"]["expected_annual_loss"]
    assert json.loads(got[2]) == got[1]
    assert library[1]["guidance"][0]["key"] == guidance.key
    assert article[1]["body"]
    same = as_user(people.viewer).post("/valuations", estimate).json()
    assert valued[1]["expected_annual_loss"] == same["expected_annual_loss"]
    assert missing[0] is True
    assert advice[1]["markdown"].startswith("### Plan of Payments: advice")
    assert (wrong[0], "RS-7" in wrong[2]) == (True, True)


def call(api: Api, name: str, **arguments: Any) -> Any:
    params = {"name": name, "arguments": arguments}
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
    return api.post("/api/mcp", body)


@pytest.mark.django_db
def test_it_shows_what_the_pages_would_show(people: People) -> None:
    item, statement = planned(people)
    for name, key in (("get_item", item.key), ("get_statement", statement.key)):
        assert call(as_user(people.viewer), name, key=key).json()["result"]["isError"] is False
        assert call(as_user(people.outsider), name, key=key).json()["result"]["isError"] is True
    assert call(as_pipeline(people.system), "get_item", key=item.key).status_code == 403
    nobody = Api()
    stranger = call(nobody, "get_item", key=item.key)
    assert (stranger.status_code, stranger["WWW-Authenticate"][:6]) == (401, "Bearer")
    assert as_user(people.viewer).get("/api/mcp").status_code == 405
    found = call(as_user(people.outsider), "search_items", text="invoices").json()
    assert found["result"]["structuredContent"] == {"items": []}


@pytest.mark.django_db
def test_messages_that_are_none(people: People) -> None:
    api = as_user(people.viewer)

    def code(body: Any) -> int:
        told: int = api.post("/api/mcp", body).json()["error"]["code"]
        return told

    request = {"jsonrpc": "2.0", "id": 1}
    assert code([]) == code({}) == code({"jsonrpc": "1.0", "id": 1, "method": "ping"}) == -32600
    assert code(request | {"method": "resources/list"}) == -32601
    for params in (
        {"name": "drop_all"},
        {"name": "get_item"},
        {"name": "get_item", "arguments": {"key": 7}},
        {"name": "get_item", "arguments": {"key": "PI-1", "also": 1}},
        {"name": "get_item", "arguments": [1]},
    ):
        assert code(request | {"method": "tools/call", "params": params}) == -32602
    note = {"jsonrpc": "2.0", "method": "notifications/initialized"}
    assert api.post("/api/mcp", note).status_code == 202
    assert api.post("/api/mcp", note, origin="https://evil.example").status_code == 403
    assert api.post("/api/mcp", note, mcp_protocol_version="1999-01-01").status_code == 400
    silly = call(
        api,
        "value_estimate",
        frequency_low=2,
        frequency_high=1,
        magnitude_low="x",
        magnitude_high=1,
    )
    assert silly.json()["result"]["isError"] is True
