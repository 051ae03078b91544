"""Floods: captures that are made to use up memory and time."""
