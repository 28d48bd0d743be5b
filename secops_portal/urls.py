"""Where everything is reached. Apps bring their own urls; this page only mounts them."""

from django.urls import URLPattern, URLResolver

urlpatterns: list[URLPattern | URLResolver] = []
