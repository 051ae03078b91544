"""Captures dropped on a page of this computer → their reports, each scan in a process of its own.

app.py       the addresses of the page and what answers them
guard.py     who may ask at all: token, cookie, Host, Origin; the headers of every answer
upload.py    a form's bytes → files under our own names, while they come
jobs.py      uploads, scans and results in a private folder that goes at the end
worker.py    one scan, in a process with limits
"""
