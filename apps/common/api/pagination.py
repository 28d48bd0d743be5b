"""Keyset pagination: the same cost on page 1 and on page 10 000."""

from rest_framework.pagination import CursorPagination


class KeysetPagination(CursorPagination):
    """`?limit=` up to 200, `?cursor=` from `next`. Views name their `ordering`; it must end in a unique column."""

    page_size = 50
    max_page_size = 200
    page_size_query_param = "limit"
    ordering = "-pk"
