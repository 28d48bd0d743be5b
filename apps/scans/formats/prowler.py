"""Prowler: the posture of cloud accounts, clusters and organisations, written as OCSF."""

from apps.scans.formats.ocsf import Ocsf, is_prowler
from apps.scans.formats.types import Head


class ProwlerOcsf(Ocsf):
    """json-ocsf of version 4 and newer."""

    slug = "prowler-ocsf"
    name = "Prowler OCSF"
    stages = ("operate", "deploy", "monitor")
    tool_name = "Prowler"

    def detect(self, head: Head) -> bool:
        return is_prowler(head)
