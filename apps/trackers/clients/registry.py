"""Which client speaks to which kind of tracker."""

from typing import cast

from apps.trackers.clients import github, gitlab
from apps.trackers.clients.jira import Jira
from apps.trackers.clients.types import Client

CLIENTS: dict[str, Client] = {
    "github": cast("Client", github),
    "gitlab": cast("Client", gitlab),
    "jira-cloud": Jira(is_cloud=True),
    "jira-server": Jira(is_cloud=False),
}
