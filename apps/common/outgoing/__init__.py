"""The one way out: every outgoing request is checked here, from its scheme to the address of each hop."""

from apps.common.outgoing.client import Answer, Client
from apps.common.outgoing.errors import OutgoingFailed
from apps.common.outgoing.policy import Limits, Policy, Target, origin_of

__all__ = ["Answer", "Client", "Limits", "OutgoingFailed", "Policy", "Target", "origin_of"]
