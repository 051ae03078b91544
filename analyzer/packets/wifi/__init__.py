"""IEEE 802.11 frames: what was readable in the air, and what a given key makes readable."""

from analyzer.packets.wifi.frames import WIFI_LINKS
from analyzer.packets.wifi.keys import WifiKey, wifi_key
from analyzer.packets.wifi.networks import WifiSession

__all__ = ["WIFI_LINKS", "WifiKey", "WifiSession", "wifi_key"]
