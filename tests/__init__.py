"""The tests; builders.py makes frames and captures for them."""
