
import re,pathlib
for f in [*pathlib.Path('analyzer').rglob('*.py'), *pathlib.Path('tests').rglob('*.py')]:
    t=f.read_text()
    m=re.search(r'^( *)from analyzer\.corpus\.discovery import ([^\n(]*\bis_remote\b[^\n]*)$', t, re.M)
    if m:
        rest=[n.strip() for n in m[2].split(',') if n.strip()!='is_remote']
        new=(f'{m[1]}from analyzer.corpus.discovery import {", ".join(rest)}\n' if rest else '')+f'{m[1]}from analyzer.corpus.storage import is_remote'
        t=t[:m.start()]+new+t[m.end():]; f.write_text(t)
