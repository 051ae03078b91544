#!/bin/bash
# apply.sh: in a moved tree (cwd), the hand edits of the house, replayable
set -e
HERE=$(cd "$(dirname "$0")" && pwd)
python3 - <<'EOF'
import re,pathlib
def sub(f,a,b):
    p=pathlib.Path(f); t=p.read_text(); assert a in t,(f,a); p.write_text(t.replace(a,b))
sub('analyzer/capture/__init__.py','''as in `CaptureSource`. Raises CaptureError where
    nothing can be read.''','''as in `CaptureSource`. Raises CaptureError
    where nothing can be read.''')
sub('analyzer/conclusions/event_timeline.py','from analyzer.session.event_watch import Watch\n','')
sub('analyzer/conclusions/event_timeline.py','from typing import Literal, NamedTuple','from typing import Literal, NamedTuple, Protocol')
sub('analyzer/conclusions/event_timeline.py','''class LogEntry(NamedTuple):''','''class PacketTimes(Protocol):
    """Gives the times of packets that announce what a phone is doing (`session.event_watch`)."""

    def times(self, name: str, mac: int | None) -> list[int]:
        """Return the times of one kind, in order; of all sources where `mac` is None."""


class LogEntry(NamedTuple):''')
sub('analyzer/conclusions/event_timeline.py','report: Report, watch: Watch,','report: Report, watch: PacketTimes,')
p=pathlib.Path('analyzer/conclusions/timing.py'); t=p.read_text()
t=t.replace('from analyzer.session.event_watch import Watch\n','').replace('import LogEntry, events_of','import LogEntry, PacketTimes, events_of').replace('watch: Watch','watch: PacketTimes').replace('__all__ = ["LogEntry", "Watch", "read_log", "with_triggers"]','__all__ = ["LogEntry", "PacketTimes", "read_log", "with_triggers"]').replace('steps → Watch → events','steps → PacketTimes → events')
p.write_text(t)
sub('analyzer/session/capture_session.py','from analyzer.conclusions.timing import Watch\n','from analyzer.session.event_watch import Watch\n')
sub('analyzer/conclusions/capture_conclusions.py','LogEntry, Watch,','LogEntry, PacketTimes,')
sub('analyzer/conclusions/capture_conclusions.py','watch: Watch','watch: PacketTimes')
sub('tests/timing/test_wifi_requests.py','from analyzer.conclusions.timing import Watch','from analyzer.session.event_watch import Watch')
# is_remote belongs to storage; discovery imports it
d=pathlib.Path('analyzer/corpus/discovery.py').read_text(); s=pathlib.Path('analyzer/corpus/storage.py').read_text()
m=re.search(r'def is_remote\(.*?(?=\n\n\n|\Z)', d, re.S); assert m
d=d.replace(m[0]+'\n\n\n','').replace('from analyzer.model import CaptureError\n','from analyzer.corpus.storage import is_remote\nfrom analyzer.model import CaptureError\n',1)
s=s.replace('    from analyzer.corpus.discovery import is_remote\n\n','').replace('    from analyzer.corpus.discovery import is_remote\n','')
s=s.rstrip('\n')+'\n\n\n'+m[0]+'\n'
pathlib.Path('analyzer/corpus/discovery.py').write_text(d); pathlib.Path('analyzer/corpus/storage.py').write_text(s)
EOF
python3 "$HERE"/remote.py
python3 "$HERE"/split_model.py
mv analyzer/flows/frame_numbers.py analyzer/model/frame_numbers.py
grep -rl "flows.frame" analyzer tests docs | xargs sed -i 's/flows\.frame_numbers/model.frame_numbers/g; s/`flows\.frames`/`model.frame_numbers`/g; s/flows\/frame_numbers/model\/frame_numbers/g'
mkdir -p analyzer/core; mv analyzer/compiling.py analyzer/core/compilation.py; mv analyzer/native.py analyzer/core/native_code.py; mkdir -p analyzer/system; mv analyzer/processes.py analyzer/files.py analyzer/containment.py analyzer/system/; echo '"""What the machine gives and what fails: whole files, safe processes, contained failures."""' > analyzer/system/__init__.py; mv analyzer/community.py analyzer/model/community_id.py
echo '"""The compiled kernels: how they are compiled, kept and loaded."""' > analyzer/core/__init__.py
grep -rlE "analyzer\.(compiling|native|processes|community|files|containment)\b" analyzer tests tools docs pyproject.toml | xargs sed -i -E 's/analyzer\.compiling\b/analyzer.core.compilation/g; s/analyzer\.native\b/analyzer.core.native_code/g; s/analyzer\.processes\b/analyzer.system.processes/g; s/analyzer\.files\b/analyzer.system.files/g; s/analyzer\.containment\b/analyzer.system.containment/g; s/analyzer\.community\b/analyzer.model.community_id/g'
sed -i 's|    "compiling.py", "native.py", "capture/record_walk.py",|    "core/compilation.py", "core/native_code.py", "capture/record_walk.py",\n   |; s|here = Path(__file__).parent$|here = Path(__file__).parents[1]|' analyzer/core/compilation.py
sed -i 's/^ \+ "/    "/; s/ \+$//' analyzer/core/compilation.py
sed -i 's|"analyzer/processes.py"|"analyzer/system/processes.py"|' tests/hostile/test_folder.py
cp "$HERE"/architecture.py.txt tests/test_architecture.py
ruff check --fix -q . || true; ruff format -q .
