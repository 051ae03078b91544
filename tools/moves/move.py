#!/usr/bin/env python3
"""Move a phonehome tree (old layout) to the new layout, in place. usage: move.py TREE
Deterministic: modules move by MOVE/FOLDERS; imports, module strings and paths in code and docs are rewritten."""
import ast, json, pathlib, re, subprocess, sys, collections
ROOT = pathlib.Path(sys.argv[1])
HERE = pathlib.Path(__file__).parent
base = json.loads((HERE / 'layout.json').read_text())
MOVE = {k[9:-3]: v[9:-3] for k, v in base['move'].items()}   # "scan/reading" -> "session/capture_session"
MOVE.update({
 'context/__init__': None, 'conclude/__init__': 'conclusions/capture_conclusions', 'triggers/__init__': 'conclusions/timing',
 'scan/crowd': 'session/flow_eviction',
 'scan/dividing': 'session/coordinator', 'scan/helping': 'session/worker_pool', 'scan/share': 'session/shard_worker',
 'scan/told': 'session/worker_results', 'scan/packing': 'session/worker_transfer',
 'archive/options': 'corpus/options', 'archive/running': 'corpus/run',
 'locate/importing': 'geo/database_import',
 'capture/account': 'capture/metadata', 'capture/ahead': 'capture/prefetch', 'capture/behind': 'capture/hasher',
 'capture/compressed': 'capture/decompression', 'capture/memory': 'capture/synthetic_batch',
 'capture/refused': 'capture/unsupported', 'capture/section': 'capture/pcapng_blocks', 'capture/sessions': 'capture/rotated_files',
 'capture/variants': 'capture/pcap_variants', 'capture/kernel': 'capture/record_walk',
 'cli/bodies': 'cli/body_folder', 'cli/gating': 'cli/fail_on', 'cli/many': 'cli/corpus', 'cli/parsing': 'cli/parser',
 'cli/printing': 'cli/console', 'cli/redacting': 'cli/redaction', 'cli/saved': 'cli/report',
 'compare/choosing': 'compare/device_choice', 'compare/comparing': 'compare/compare', 'compare/readable': 'compare/readable_content',
 'report/difference': 'compare/difference', 'report/difference_json': 'compare/document', 'report/difference_limits': 'compare/limits',
 'report/terminal_difference': 'compare/terminal',
 'flows/measures': 'flows/metrics', 'flows/openings': 'flows/first_ttl', 'flows/recent': 'flows/retransmissions',
 'flows/renumbering': 'flows/flow_ids', 'flows/retiring': 'flows/eviction', 'flows/soundness': 'flows/checksum_stats',
 'flows/streams': 'flows/reassembly', 'flows/frames': 'flows/frame_numbers', 'flows/grouping': 'flows/row_groups',
 'live/bounded': 'live/dedup', 'live/board': 'live/flow_view', 'live/noticing': 'live/alerts', 'live/outbox': 'live/delivery_queue',
 'live/warming': 'live/warmup', 'live/losses': 'live/drop_monitor', 'live/stopping': 'live/shutdown', 'live/feeds': 'live/sources',
 'live/deliveries': 'live/sinks', 'live/session': 'live/watch_session',
 'packets/joined': 'packets/coalescing', 'packets/outline': 'packets/batch_summary', 'packets/paths': 'packets/encapsulation',
 'packets/octets': 'packets/byte_access', 'packets/names': 'packets/protocol_names',
 'packets/wifi/many': 'packets/wifi/ccmp_batch', 'packets/wifi/inside': 'packets/wifi/decapsulation',
 'packets/wifi/carried': 'packets/wifi/gre_frames', 'packets/wifi/session': 'packets/wifi/networks',
 'report/answer': 'report/summary', 'report/gate': 'report/fail_on', 'report/shapes': 'report/type_codecs',
 'report/spoken': 'report/reverse_translation', 'report/names': 'report/field_names',
 'report/terminal': 'report/terminal/__init__',
 'evidence/recoding': 'redaction/encoders', 'evidence/originals': 'redaction/targets', 'evidence/replacing': 'redaction/replacement',
 'evidence/rewriting': 'redaction/document_rewrite',
 'protocols/named': 'dissectors/name_cache', 'protocols/notes': 'dissectors/stream_log', 'protocols/weighing': 'dissectors/memory_estimate',
 'protocols/inflating': 'dissectors/deflate_stream', 'protocols/framing': 'dissectors/body_framing', 'protocols/rows': 'dissectors/payload_rows',
 'protocols/hellos': 'dissectors/handshakes', 'protocols/hello': 'dissectors/client_hello', 'protocols/forms': 'dissectors/payload_forms',
 'protocols/firsts': 'dissectors/first_payloads', 'protocols/clear': 'dissectors/clear_message', 'protocols/local': 'dissectors/local_discovery',
 'detect/owned': 'identifiers/owned', 'detect/named': 'identifiers/by_name',
 'flows/addresses': 'flows/address_text', 'flows/table': 'flows/flow_table', 'packets/table': 'packets/packet_table',
 'evidence/groups': 'bundle/flow_groups', 'compare/ledger': 'compare/ledger_rows', 'report/difference_limits': 'compare/comparison_limits',
 'decode/text': 'codecs/plain_text', 'archive/results': 'corpus/results_folder', 'archive/tables': 'corpus/corpus_tables',
 'report/export/tables': 'export/table_schema',
 'archive/wholeness': 'corpus/results_repair', 'cli/claims': 'cli/file_roles', 'evidence/bundle_documents': 'bundle/document_check',
 'evidence/bundle_files': 'bundle/file_check', 'evidence/bundle_original': 'bundle/original_check', 'evidence/bundle_packets': 'bundle/packet_check',
 'evidence/claims': 'bundle/claim_check', 'locate/asked': 'geo/region_codes', 'report/limits': 'report/coverage', 'scan/searched': 'session/searched_bytes',
 'scan/coverage': 'session/coverage_table', 'protocols/sides': 'dissectors/direction_roles',
 'dossiers/recognise': 'dossiers/match', 'dossiers/undocumented': 'dossiers/heuristics',
})
for p in (ROOT/'analyzer/report').glob('terminal_*.py'):
    MOVE.setdefault(f'report/{p.stem}', f'report/terminal/{p.stem[9:]}')
# folder defaults for whatever is not named above
FOLDERS = [('report/export', 'export'), ('scan', 'session'), ('context', 'session'), ('conclude', 'conclusions'), ('triggers', 'conclusions'),
           ('locate', 'geo'), ('archive', 'corpus'), ('protocols', 'dissectors'), ('decode', 'codecs'), ('detect', 'identifiers'), ('evidence', 'bundle')]
TESTS = {'protocols': 'dissectors', 'decode': 'codecs', 'detect': 'identifiers', 'locate': 'geo', 'archive': 'corpus', 'conclude': 'conclusions',
         'context': 'session', 'triggers': 'timing', 'evidence': 'bundle', 'report/export': 'export'}
EMPTY_PACKAGES = {  # packages whose __init__ moved elsewhere or that are new: their docstring
 'codecs': '"""Codecs: one module an encoding. A codec turns one part of a message into its inner parts."""\n',
 'inspection': '"""Inspect one exchange: messages to fields, fields to findings, findings to recognised senders."""\n',
 'conclusions': '"""Conclusions: steps that take a report and return a report, such as merge, attribution and timing."""\n',
 'bundle': '"""Evidence bundles: the packets behind each finding, written and verified."""\n',
}
def sh(*a): subprocess.run(a, cwd=ROOT, check=True)

def new_of(old):  # old like "scan/reading"
    if old in MOVE: return MOVE[old]
    for a, b in FOLDERS:
        if old == a or old.startswith(a + '/'): return b + old[len(a):]
    return old

files = sorted(p.relative_to(ROOT).as_posix() for p in (ROOT/'analyzer').rglob('*') if p.is_file() and '__pycache__' not in p.parts)
tests = sorted(p.relative_to(ROOT).as_posix() for p in (ROOT/'tests').rglob('*') if p.is_file() and '__pycache__' not in p.parts)
mods = {}          # "analyzer.scan.reading" -> "analyzer.session.capture_session"
paths = {}         # path -> path (or None)
for f in files:
    rel = f[9:]
    if rel.endswith('.py'):
        n = new_of(rel[:-3]); paths[f] = n and f'analyzer/{n}.py'
        if n:
            o = ('analyzer.' + rel[:-3].replace('/', '.')).removesuffix('.__init__'); q = ('analyzer.' + n.replace('/', '.')).removesuffix('.__init__')
            mods[o] = q
    else:
        parts = rel.split('/'); 
        # data files move with their folder
        d = '/'.join(parts[:-1]); nd = d
        for a, b in FOLDERS:
            if d == a or d.startswith(a + '/'): nd = b + d[len(a):]; break
        paths[f] = f'analyzer/{nd}/{parts[-1]}' if nd else f
def test_new(f):
    rel = f[6:]
    for a, b in sorted(TESTS.items(), key=lambda x: -len(x[0])):
        if rel.startswith(a + '/'): return f'tests/{b}/{rel[len(a)+1:]}'
    return f
for f in tests: paths[f] = test_new(f)
for f in tests:
    if f.endswith('.py'):
        o = f[:-3].replace('/', '.').removesuffix('.__init__'); q = paths[f][:-3].replace('/', '.').removesuffix('.__init__')
        mods[o] = q
# packages whose __init__ became something else: 'analyzer.decode' the package prefix
prefix = {}        # package -> set of new packages is handled via submodule lookups
pkgs = {m for m in mods if (ROOT/(m.replace('.', '/'))).is_dir()}

# ---------- rewriting of imports ----------
def absolute(node, module, is_pkg):
    if not node.level: return node.module or ''
    parts = module.split('.') if is_pkg else module.split('.')[:-1]
    parts = parts[:len(parts) - node.level + 1]
    return '.'.join([*parts, *([node.module] if node.module else [])])
warnings = []
import functools
@functools.cache
def bound(package, name):
    p = ROOT/package.replace('.', '/')/'__init__.py'
    if not p.exists(): return False
    for node in ast.parse(ORIG[p.relative_to(ROOT).as_posix()]).body:
        if isinstance(node, ast.ImportFrom) and any((a.asname or a.name) == name for a in node.names) and (node.module or '') != package: return True
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and node.name == name: return True
    return False
ORIG = {p.relative_to(ROOT).as_posix(): p.read_text() for p in (ROOT/'analyzer').rglob('__init__.py')}
ORIG |= {p.relative_to(ROOT).as_posix(): p.read_text() for p in (ROOT/'tests').rglob('__init__.py')}
def rewrite_imports(text, module, is_pkg, path):
    try: tree = ast.parse(text)
    except SyntaxError as e: warnings.append(f'{path}: {e}'); return text
    lines = text.splitlines(keepends=True)
    renamed = []
    edits = []   # (start line, end line, indent col, new text lines)
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            base_ = absolute(node, module, is_pkg)
            if not (base_ in ('analyzer', 'tests') or base_.startswith(('analyzer.', 'tests.'))): continue
            groups = collections.OrderedDict()
            changed = bool(node.level)
            for a in node.names:
                full = f'{base_}.{a.name}'
                if full in mods and not bound(base_, a.name):
                    new = mods[full]; par, leaf = new.rsplit('.', 1)
                    alias = a.asname or (a.name if leaf != a.name else None)
                    if alias and not a.asname:
                        if not re.search(r'(?<![\w.])' + leaf + r'\b(?!\.py)', text) and leaf not in ('json',):
                            renamed.append((a.name, leaf)); alias = None
                        else: warnings.append(f'{path}:{node.lineno}: module alias {new} as {alias}')
                    groups.setdefault(par, []).append(leaf + (f' as {alias}' if alias else ''))
                    changed |= par != base_ or leaf != a.name
                else:
                    new = mods.get(base_, base_)
                    groups.setdefault(new, []).append(a.name + (f' as {a.asname}' if a.asname else ''))
                    changed |= new != base_
            if not changed: continue
            ind = ' ' * node.col_offset
            out = ''
            for par, names in groups.items():
                one = f'{ind}from {par} import {", ".join(names)}\n'
                out += one if len(one) <= 111 else f'{ind}from {par} import (\n' + ''.join(f'{ind}    {n},\n' for n in names) + f'{ind})\n'
            tail = lines[node.end_lineno - 1][node.end_col_offset:].strip() if node.end_col_offset < len(lines[node.end_lineno - 1].encode()) else ''
            if tail: out = out.rstrip('\n') + '  ' + tail + '\n'
            edits.append((node.lineno, node.end_lineno, out))
        elif isinstance(node, ast.Import):
            names = [a.name for a in node.names]
            if any(n in mods and mods[n] != n for n in names):
                out = ' ' * node.col_offset + 'import ' + ', '.join(mods.get(a.name, a.name) + (f' as {a.asname}' if a.asname else '') for a in node.names) + '\n'
                warnings.append(f'{path}:{node.lineno}: plain import {names}')
                edits.append((node.lineno, node.end_lineno, out))
    uses = [(n.lineno, n.col_offset, n.id, l) for n in ast.walk(tree) if isinstance(n, ast.Name) for o_, l in renamed if n.id == o_]
    for ln, col, o_, l in sorted(uses, reverse=True):
        raw = lines[ln-1].encode(); lines[ln-1] = (raw[:col] + l.encode() + raw[col+len(o_.encode()):]).decode()
    for a, b, out in sorted(edits, reverse=True): lines[a-1:b] = [out]
    return ''.join(lines)

DOTTED = re.compile(r'\b(?:analyzer|tests)(?:\.\w+)+')
def dotted(m):
    parts = m[0].split('.')
    for n in range(len(parts), 1, -1):
        k = '.'.join(parts[:n])
        if k in mods: return '.'.join([mods[k], *parts[n:]])
    return m[0]
# paths in text: "analyzer/scan/reading.py", "scan/reading.py", "tests/evidence/…"
oldpaths = {}
for o, n in paths.items():
    if not n or o == n: continue
    oldpaths[o] = n
    if o.startswith('analyzer/') and o.count('/') >= 2: oldpaths[o[9:]] = n[9:]
for a, b in FOLDERS: oldpaths[f'analyzer/{a}/'] = f'analyzer/{b}/'
for a, b in TESTS.items(): oldpaths[f'tests/{a}/'] = f'tests/{b}/'
DATA = {'analyzer/detect/issuers.tsv', }
PATHS = re.compile(r'(?<![\w/.-])(?:[\w.]+/)+(?:[\w-]+\.\w+)?')
def pathed(m):
    s = m[0]
    if s in oldpaths: return oldpaths[s]
    for k in sorted((k for k in oldpaths if k.endswith('/') and s.startswith(k)), key=len, reverse=True):
        return oldpaths[k] + s[len(k):]
    return s


sys.path.insert(0, str(HERE))
from classes import CLASSES
import tokenize, io
def rename_tokens(text, old, new, members=()):
    """Rename NAME tokens `old`, and backticked mentions in comments and strings; attributes only behind `members` (module names)."""
    out, last = [], (1, 0)
    lines = text.splitlines(keepends=True)
    toks = list(tokenize.generate_tokens(io.StringIO(text).readline))
    edits = []
    foreign = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom) and any(a.name == old and a.asname for a in node.names): foreign.update(range(node.lineno, node.end_lineno + 1))
    for i, t in enumerate(toks):
        if t.type == tokenize.NAME and t.string == old and t.start[0] not in foreign:
            prev = toks[i-1].string if i else ''
            if prev == '.' and not (i > 1 and toks[i-2].string in members): continue
            edits.append((t.start, t.end, new))
    for (l, a), (_, b), n in sorted(edits, reverse=True):
        lines[l-1] = lines[l-1][:a] + n + lines[l-1][b:]
    s = ''.join(lines)
    s = re.sub(r'(__all__ = \[[^\]]*)"' + re.escape(old) + '"', r'\1"' + new + '"', s)
    return re.sub(r'`' + re.escape(old) + r'`', '`' + new + '`', s)
def class_renames():
    py = [f for f in [*files, *tests, *(p.relative_to(ROOT).as_posix() for p in (ROOT/'tools').rglob('*.py'))] if f.endswith('.py')]
    src = {f: (ROOT/f).read_text() for f in py}
    imports = {}
    for f in py:
        module = f[:-3].replace('/', '.').removesuffix('.__init__'); got = set(); mod_alias = {}
        for node in ast.walk(ast.parse(src[f])):
            if isinstance(node, ast.ImportFrom):
                b = absolute(node, module, f.endswith('__init__.py'))
                for a in node.names:
                    got.add((b, a.name)); mod_alias[f'{b}.{a.name}'] = a.asname or a.name
        imports[f] = (got, mod_alias)
    # re-exports by packages: analyzer.detect re-exports Known of analyzer.detect.known
    for m, old, new in CLASSES:
        full = 'analyzer.' + m.replace('/', '.')
        froms = {full}
        if m == 'evidence/selecting': froms.add('analyzer.serve.results')
        for f in py:
            if f.endswith('__init__.py') and (full, old) in imports[f][0]: froms.add(f[:-12].replace('/', '.'))
        for f in py:
            got, alias = imports[f]
            here = f == f'analyzer/{m}.py'
            if not here and any(x + '.' + old in alias and alias[x + '.' + old] != old for x in froms):
                for x in froms:  # imported under another name: rename in that statement alone
                    src[f] = re.sub(r'(from ' + re.escape(x) + r' import [^\n]*)\b' + old + r' as ', r'\1' + new + ' as ', src[f])
            elif here or any((x, old) in got for x in froms):
                src[f] = rename_tokens(src[f], old, new)
                if f.endswith('__init__.py'): src[f] = src[f].replace(f'"{old}"', f'"{new}"')
            elif any(x in alias for x in froms):
                src[f] = rename_tokens(src[f], old, new, [alias[x] for x in froms if x in alias]) if re.search(r'\.' + old + r'\b', src[f]) else src[f]
    for f in py:
        if src[f] != (ROOT/f).read_text(): (ROOT/f).write_text(src[f])
class_renames()

texts = {}
for f in [*files, *tests, *(p.relative_to(ROOT).as_posix() for d in ('docs', 'tools', 'captures', '.ci') for p in (ROOT/d).rglob('*') if p.is_file() and '__pycache__' not in p.parts), *(x for x in ('README.md','pyproject.toml','THIRD_PARTY.md','SECURITY.md','.gitattributes'))]:
    p = ROOT/f
    if p.suffix not in ('.py', '.md', '.toml', '.po', '.j2', '.html', '.json', '.csv', '.txt', '', '.gitattributes') or 'golden' in f: continue
    try: t = p.read_text('utf-8')
    except (UnicodeDecodeError, FileNotFoundError): continue
    o = t
    if p.suffix == '.py':
        module = f[:-3].replace('/', '.').removesuffix('.__init__')
        t = rewrite_imports(t, module, p.name == '__init__.py', f)
    t = DOTTED.sub(dotted, t)
    t = PATHS.sub(pathed, t)
    if t != o: texts[f] = t
for f, t in texts.items(): (ROOT/f).write_text(t, 'utf-8')
# ---------- moving ----------
clash = [n for n, c in collections.Counter(v for v in paths.values() if v).items() if c > 1]
assert not clash, clash
for o, n in paths.items():
    if n is None: (ROOT/o).unlink(); continue
    if o != n:
        (ROOT/n).parent.mkdir(parents=True, exist_ok=True)
        (ROOT/o).rename(ROOT/(n + '.moving'))
for o, n in paths.items():
    if n and o != n: (ROOT/(n + '.moving')).rename(ROOT/n)
for d, doc in EMPTY_PACKAGES.items():
    p = ROOT/'analyzer'/d/'__init__.py'
    if not p.exists(): p.write_text(doc)
for top in ('analyzer', 'tests'):
    for d in sorted((ROOT/top).rglob('*'), key=lambda p: -len(p.parts)):
        if d.is_dir() and d.name == '__pycache__': subprocess.run(['rm', '-rf', str(d)])
    for d in sorted((ROOT/top).rglob('*'), key=lambda p: -len(p.parts)):
        if d.is_dir() and not any(d.iterdir()): d.rmdir()
    for d in (ROOT/'tests').rglob('*'):
        if d.is_dir() and any(d.glob('*.py')) and not (d/'__init__.py').exists(): (d/'__init__.py').write_text('')
# KERNEL_SOURCES and other relative names inside strings
for w in warnings: print(w)
for n in sorted(set(re.findall(r'\S+', ''))): pass
# ---------- reflow what became too long ----------
subprocess.run(['ruff', 'check', '--fix', '-q', '.'], cwd=ROOT, stdout=subprocess.DEVNULL)
subprocess.run(['ruff', 'format', '-q', '.'], cwd=ROOT)
out = subprocess.run(['ruff', 'check', '--output-format', 'concise', '--select', 'E501', '.'], cwd=ROOT, capture_output=True, text=True).stdout
by = collections.defaultdict(list)
for l in out.splitlines():
    m = re.match(r'(\S+?):(\d+):\d+: E501', l)
    if m: by[m[1]].append(int(m[2]))
for f, nums in by.items():
    lines = (ROOT/f).read_text().split('\n')
    for n in sorted(nums, reverse=True):
        l = lines[n-1]; ind = re.match(r'\s*(?:# )?', l)[0]
        cut = l.rfind(', ' if ('"' in l) else ' ', 0, 110)
        if cut > len(ind) + 20:
            cut += 1 if l[cut] == ',' else 0
            lines[n-1:n] = [l[:cut], ind + l[cut:].strip()]
        else: print('too long', f, n)
    (ROOT/f).write_text('\n'.join(lines))
