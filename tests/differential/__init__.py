"""The analyzer beside tshark over captures that other projects made."""
