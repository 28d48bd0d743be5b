"""The demo's organisation, brought in through the services and the pipeline that everyone uses."""
