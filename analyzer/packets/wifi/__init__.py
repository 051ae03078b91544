"""IEEE 802.11 frames: what was readable in the air, and what a given key makes readable."""

from .frames import WIFI_LINKS
from .keys import WifiKey, wifi_key
from .session import WifiSession

__all__ = ["WIFI_LINKS", "WifiKey", "WifiSession", "wifi_key"]
