"""The mock's own calls to the world: which hosts it may reach, and how it calls them within bounds."""

from mock_server.outward.calls import Outward
from mock_server.outward.errors import Failed, Kind, Refused
from mock_server.outward.messages import Reply
from mock_server.outward.reach import Reach

__all__ = ["Failed", "Kind", "Outward", "Reach", "Refused", "Reply"]
