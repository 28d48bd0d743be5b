"""Views that speak another product's API: its words for errors, our rules for who may do what."""

from typing import Any

from rest_framework.response import Response

from apps.accounts.api.views import PortalView
from apps.common.api.problems import exception_handler


class ForeignView(PortalView):
    """Open to a system's token, since pipelines are who speaks so; not part of our own API page."""

    open_to_pipelines = True
    schema = None  # drf-spectacular leaves it out

    def get_exception_handler(self) -> Any:
        def handler(error: Exception, context: dict[str, Any]) -> Response | None:
            response = exception_handler(error, context)
            if response is not None:
                response.data = self.said(response.data)
                response.content_type = "application/json"
            return response

        return handler

    def said(self, problem: dict[str, Any]) -> dict[str, Any]:
        """A problem of ours in the other product's shape."""
        raise NotImplementedError
