from django.apps import AppConfig


class AdviceConfig(AppConfig):
    name = "apps.advice"
    label = "advice"
