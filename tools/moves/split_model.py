#!/usr/bin/env python3
"""Split analyzer/model.py of the tree in cwd into a package. Names it does not know go to the file of the definition before them."""
import ast, pathlib, re, collections
P = pathlib.Path('analyzer/model.py'); text = P.read_text(); lines = text.splitlines(keepends=True); tree = ast.parse(text)
FILES = collections.OrderedDict([
 ('problem', ('Damage and limits: what could not be read, and what could not be seen.', 'CaptureError Problem')),
 ('evidence', ('Where a value was seen: endpoints, frames and decode paths.', 'Endpoint Evidence')),
 ('message', ('Messages that were readable on the wire, and their bodies.', 'Body Role UNANSWERED Message')),
 ('field', ('Fields: named text or bytes of one message, with their decode path.', 'Field Part Fields Parts')),
 ('finding', ('Findings and identifiers: what a readable value is believed to be, and why.', 'Confidence Finding Identifier KnownKind Redaction')),
 ('ping', ('Activation pings, their fields, their rhythm and what preceded them.', 'PingStatus PingField Ping Rhythm Association DocumentedName')),
 ('place', ('Places of addresses: four claims, each with its source and date.', 'Claim Opinion Place GeoSource')),
 ('device', ('Devices and destinations of the capture, and what names them.', 'Name Clue Device Destination WifiClient Announcement')),
 ('rows', ('Tables of rows: what is too many for objects.', 'Table values_of _table _frame')),
 ('capture', ('The captures that were read, and the recordings they belong to.', 'Comment Interface CaptureInfo Session Scope')),
 ('stream', ('Streams and tunnels: conflicts, gaps and encapsulations.', 'Conflict Missing Tunnel FragmentConflict')),
 ('report', ('The report: all that one run found.', 'SCHEMA Report')),
])
where = {n: f for f, (_, names) in FILES.items() for n in names.split()}
chunks = collections.defaultdict(list); defined = {}; last = 'problem'; prev_end = 0; imports = []
def names_of(node):
    if isinstance(node, (ast.ClassDef, ast.FunctionDef)): return [node.name]
    if isinstance(node, ast.Assign): return [t.id for t in node.targets if isinstance(t, ast.Name)]
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name): return [node.target.id]
    return []
for node in tree.body:
    start = min([node.lineno, *[d.lineno for d in getattr(node, 'decorator_list', [])]])
    gap = ''.join(lines[prev_end:start-1]); body = ''.join(lines[start-1:node.end_lineno]); prev_end = node.end_lineno
    if isinstance(node, (ast.Import, ast.ImportFrom, ast.If)) or (isinstance(node, ast.Expr) and node is tree.body[0]):
        imports.append(node); continue
    comment = ''.join(l for l in gap.splitlines(keepends=True) if l.startswith('#') and '──' not in l)
    names = names_of(node)
    if names:
        last = where.get(names[0], last)
        for n in names: defined[n] = last
    chunks[last].append(comment + body)
known = {}
for node in imports:
    if isinstance(node, ast.ImportFrom):
        for a in node.names: known[a.asname or a.name] = ('from', node.module, a)
    elif isinstance(node, ast.Import):
        for a in node.names: known[a.asname or a.name] = ('import', None, a)
D = pathlib.Path('analyzer/model'); D.mkdir(exist_ok=True)
order = list(FILES)
for f, (doc, _) in FILES.items():
    code = '\n\n\n'.join(c.strip('\n') for c in chunks[f]) + '\n'
    used = set(re.findall(r'\b[A-Za-z_]\w*\b', code))
    head = f'"""{doc}\n\nTimes are UTC nanoseconds since the Unix epoch, sizes are bytes, frame numbers start at 1 as in Wireshark.\n"""\n\nfrom __future__ import annotations\n\n' if f in ('evidence','message','report','capture') else f'"""{doc}"""\n\nfrom __future__ import annotations\n\n'
    froms = collections.defaultdict(list)
    for n, (k, m, a) in known.items():
        if n in used and k == 'from' and m != '__future__': froms[m].append(a.name + (f' as {a.asname}' if a.asname else ''))
    for n in sorted(used):
        if n in defined and defined[n] != f: froms[f'analyzer.model.{defined[n]}'].append(n)
    imp = ''.join(f'from {m} import {", ".join(sorted(set(ns)))}\n' for m, ns in froms.items())
    if re.search(r'\bpd\.', code): imp = imp + ('from typing import TYPE_CHECKING\n') + '\nif TYPE_CHECKING:\n    import pandas as pd\n'
    (D/f'{f}.py').write_text(head + imp + '\n' + code)
doc = ast.get_docstring(tree)
pub = sorted(n for n in defined if not n.startswith('_'))
init = '"""' + doc + '\n"""\n\nfrom __future__ import annotations\n\n' + ''.join(f'from analyzer.model.{f} import {", ".join(sorted(n for n in defined if defined[n] == f and not n.startswith("_")))}\n' for f in FILES) + '\n__all__ = [\n' + ''.join(f'    "{n}",\n' for n in pub) + ']\n'
(D/'__init__.py').write_text(init)
P.unlink()
