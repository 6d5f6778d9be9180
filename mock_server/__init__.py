"""A server that keeps the contract: tasks that live and die as the documents say."""

from mock_server.app import create_app
from mock_server.server import MockServer
from mock_server.settings import Settings

__all__ = ["MockServer", "Settings", "create_app"]
