from tests.scans.conftest import no_worker

__all__ = ["no_worker"]
