"""Report → text: what an editor reads, and what a program reads.

`terminal.render` gives plain or coloured lines, `json.write` and `json.read` a document that
loses nothing. Writers see the model alone, so a saved report renders again without its capture.
"""
