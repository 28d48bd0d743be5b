"""Trying a connection, with a diagnosis that a person can act on. Nothing is received or moved."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from apps.accounts.actors import Actor
from apps.accounts.policy import require
from apps.accounts.roles import Permission
from apps.audit.services import record
from apps.common.errors import Conflict
from apps.common.outgoing import Client, Limits, OutgoingFailed, errors
from apps.common.outgoing.sockets import checked_addresses, resolve
from apps.sources.connectors.types import Connector
from apps.sources.models import Source
from apps.sources.registry import registry
from apps.sources.services.runs import context_of

# A person waits for it.
PATIENCE = Limits(connect=5.0, idle=8.0, total=15.0)
ADVICE = {
    errors.SCHEME: "Use an https:// address, or have the operator allow the scheme.",
    errors.PORT: "Use another port, or have the operator allow this one.",
    errors.HOST: "Have the operator add the name to SECOPS_OUTGOING_HOSTS.",
    errors.ADDRESS: "If it is a server of yours, have the operator list its network.",
    errors.NAME: "Check the spelling; the portal's machine has to know the name, too.",
    errors.CONNECT: "Check that the server runs and that its firewall lets the portal in.",
    errors.TLS: "Have the server's certificate renewed or its chain completed.",
    errors.TIME: "Check firewalls on the way; the server may be slow or down.",
    errors.AUTH: "Give the credential anew, with the rights that docs/sources.md names.",
    errors.RATE: "Wait; the portal honours the time that was asked for. Consider a longer interval.",
    errors.STATUS: "Check the address and the names in it.",
    errors.CONTENT: "Check the address: it leads to a page and not to the interface, perhaps.",
    errors.BROKEN: "Try again; if it stays so, look at proxies and the server's log.",
}


@dataclass(frozen=True)
class Step:
    """One thing that was tried. advice: what to do where it failed."""

    name: str
    is_good: bool
    detail: str
    advice: str = ""


def source_test(*, actor: Actor, source: Source) -> list[Step]:
    """What works and what does not, in the order in which a connection comes about."""
    require(actor, Permission.SOURCE_MANAGE, source)
    record(actor=actor, action="source.test", target=source, system_id=source.system_id)
    connector = registry().get(source.connector)
    if connector is None:
        text = f"{source.connector} is not installed here."
        return [Step("Connector", is_good=False, detail=text)]
    steps: list[Step] = []
    try:
        for step in _steps(source, connector):
            steps.append(step)  # noqa: PERF402  # those before a failure are kept
    except OutgoingFailed as error:
        name = _NAMES.get(len(steps), "Answer")
        steps.append(
            Step(name, is_good=False, detail=error.message, advice=ADVICE.get(error.code, ""))
        )
    except Conflict as error:
        steps.append(Step("Credential", is_good=False, detail=error.message))
    return steps


_NAMES = {0: "URL", 1: "Network", 2: "Answer"}


def _steps(source: Source, connector: Connector) -> Iterator[Step]:
    client = Client(limits=PATIENCE)
    if address := connector.address(source.config):
        target = client.policy.check_url(address)
        yield Step("URL", is_good=True, detail=f"{target.origin} is allowed here.")
        if client.policy.proxy:
            yield Step("Network", is_good=True, detail="Requests go through the operator's proxy.")
        else:
            found = checked_addresses(target, client.policy, client.resolve or resolve)
            yield Step("Network", is_good=True, detail=f"{target.host} is {', '.join(found[:4])}.")
    context = replace(context_of(source, client), cursor={})
    yield Step("Answer", is_good=True, detail=connector.probe(context))
