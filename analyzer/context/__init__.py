"""Beside the traffic itself: what names addresses, what devices are, where one listened, what hides."""
