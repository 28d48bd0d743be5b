"""Views that speak another product's API: its words for errors, our rules for who may do what."""

from collections.abc import Mapping
from typing import Any, ClassVar

from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.api.views import PortalView
from apps.common.api.problems import exception_handler


class ForeignView(PortalView):
    """Open to a system's token, since pipelines are who speaks so; not part of our own API page."""

    open_to_pipelines = True
    schema = None  # drf-spectacular leaves it out
    statuses: ClassVar[Mapping[str, int]] = {}  # where the other product answers with another one

    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:  # noqa: FBT001, FBT002
        """JSON, whatever Accept asks for: GitHub's clients ask for application/vnd.github.v3+json."""
        return super().perform_content_negotiation(request, force=True)

    def get_exception_handler(self) -> Any:
        def handler(error: Exception, context: dict[str, Any]) -> Response | None:
            response = exception_handler(error, context)
            if response is not None:
                response.status_code = self.statuses.get(
                    response.data["code"], response.status_code
                )
                response.data = self.said(response.data | {"status": response.status_code})
                response.content_type = "application/json"
            return response

        return handler

    def said(self, problem: dict[str, Any]) -> dict[str, Any]:
        """A problem of ours in the other product's shape."""
        raise NotImplementedError
