"""The questions of a summary, in DuckDB's SQL: which rows count, and what each sheet is made of."""

from __future__ import annotations

from analyzer.report.language import mark

# The names of a cell that shows several things hold at most so many of them.
MOST_NAMED = 5

# Rows of superseded results, and those a run left that broke off, are passed over. {made} is a
# condition that may leave out what was made too late.
COUNTED = """
create temp table counted as
with asked as (
    select * from captures where {made}
), newest as (
    select sha256, arg_max(session, (made, session)) as session from asked group by sha256
), whole as (
    select session, arg_max(part, (made, part)) as part, bool_and(session in (select session from newest)) as
    counts from asked group by session
)
select session, part from whole where counts
"""

# Name, title and question of each sheet. Each has columns `first` and `last`; {named} makes a short list.
QUESTIONS: tuple[tuple[str, str, str], ...] = (
    ("messages", mark("Known messages: what recurs, by dossier"), """
        select title as message, status, count(*) as times, count(distinct device) as devices,
               count(distinct session) as sessions, {host} as hosts, min(time) as first, max(time) as last
        from counted_pings group by title, status order by times desc, message, status
    """),
    ("phones", mark(
        "Phones: by model, build and operator, as they said of themselves beside an identifier"
    ), """
        with facts as (
            select session, device, kind, value, time from counted_findings
            where kind in ('model', 'build', 'operator')
            union all
            select session, device, 'phone by its TAC', phone, time from counted_findings where phone is not
            null
        )
        select facts.kind, facts.value, count(distinct facts.device) as devices,
               count(distinct facts.session) as sessions, {dossier} as known_messages,
               min(facts.time) as first, max(facts.time) as last
        from facts left join counted_pings p on p.session = facts.session and p.device = facts.device
        group by facts.kind, facts.value order by facts.kind, devices desc, facts.value
    """),
    ("identifiers", mark("Identifiers that left readable"), """
        select kind, value, max(confidence = 'high') as sure, count(*) as times,
               count(distinct device) as devices, count(distinct session) as sessions, {host_or} as hosts,
               min(time) as first, max(time) as last
        from counted_findings where kind not in ('model', 'build', 'operator', 'local_ip')
        group by kind, value order by sessions desc, times desc, kind, value
    """),
    ("devices", mark(
        "Devices, by MAC or local address: an address of two recordings need not be one device"
    ), """
        with told as (
            select session, device, count(*) as found, min(time) as first, max(time) as last
            from counted_findings where device is not null group by session, device
        ), span as (
            select session, device, min(first) as first, max(last) as last from counted_destinations
            group by session, device
        )
        select d.device, count(distinct d.session) as sessions, sum(d.octets) as octets,
               sum(d.payload_readable) as octets_readable, coalesce(sum(told.found), 0) as findings,
               min(span.first) as first, max(span.last) as last
        from counted_devices d left join told using (session, device) left join span using (session, device)
        group by d.device order by findings desc, octets desc, d.device
    """),
    ("destinations", mark("Destinations outside the local network"), """
        select address, {name} as names, max(located) as located, max(registered) as registered,
               max(operated) as operated, bool_or(in_scope) as in_scope, count(distinct device) as devices,
               count(distinct session) as sessions, sum(packets_up) as packets, sum(octets_up) as octets,
               min(first) as first, max(last) as last
        from counted_destinations where special is null
        group by address order by in_scope desc, devices desc, packets desc, address
    """),
    ("coverage", mark("How much was searched for identifiers, and why the rest was not"), """
        with span as (
            select session, min(first) as first, max(last) as last from counted_captures group by session
        )
        select c.state, c.what, sum(c.packets)::bigint as packets, sum(c.octets)::bigint as bytes,
               count(distinct c.session) as sessions, min(span.first) as first, max(span.last) as last
        from counted_coverage c join span using (session)
        group by c.state, c.what order by bytes desc, packets desc, c.state, c.what
    """),
    ("problems", mark("What could not be read, and why"), """
        with span as (
            select session, min(path) as path, min(first) as first, max(last) as last from counted_captures
            group by session
        )
        select p.code, min(p.what) as example, sum(p.times)::bigint as times,
               count(distinct p.session) as sessions, min(span.path) as capture, min(span.first) as first,
               max(span.last) as last
        from counted_problems p join span using (session)
        group by p.code order by sessions desc, times desc, p.code
    """),
)  # fmt: skip
# Asked beside the others where only what is new is shown.
OF_NEWS: tuple[tuple[str, str, str], ...] = (
    ("captures", mark("Captures"), """
        select path, sha256, frames, octets, complete, first, last from counted_captures order by first, path
    """),
    ("kinds", mark("Kinds of identifiers"), """
        select kind, max(confidence = 'high') as sure, count(distinct value) as different, count(*) as times,
               count(distinct device) as devices, count(distinct session) as sessions, min(time) as first,
               max(time) as last
        from counted_findings where kind not in ('model', 'build', 'operator', 'local_ip')
        group by kind order by sessions desc, times desc, kind
    """),
    ("hosts", mark("Names of destinations outside the local network"), """
        with named as (
            select unnest(names) as host, address, device, session, first, last from counted_destinations
            where special is null
        )
        select host, {address} as addresses, count(distinct device) as devices,
               count(distinct session) as sessions, min(first) as first, max(last) as last
        from named group by host order by devices desc, sessions desc, host
    """),
)  # fmt: skip
# Asked where the user's own file describes captures. A recording of several files has what any of them has.
OF_METADATA = ("conditions", mark("By what your file says of the captures"), """
    with told as (
        select distinct c.session, m.heading, m.value from metadata m join counted_captures c
        on m.capture in (c.path, c.sha256, parse_filename(c.path))
    ), span as (
        select session, min(first) as first, max(last) as last from counted_captures group by session
    ), sure as (
        select told.heading, told.value, count(distinct f.session) as sessions,
               count(distinct (f.kind, f.value)) as identifiers
        from told join counted_findings f using (session)
        where f.confidence <> 'low' and f.kind not in ('model', 'build', 'operator', 'local_ip')
        group by told.heading, told.value
    ), pinged as (
        select session, count(*) as pings from counted_pings group by session
    )
    select told.heading, told.value, count(*) as sessions,
           count(pinged.session) as sessions_with_known_messages,
           coalesce(sum(pinged.pings), 0)::bigint as known_messages,
           coalesce(any_value(sure.sessions), 0) as sessions_with_identifiers,
           coalesce(any_value(sure.identifiers), 0) as identifiers,
           min(span.first) as first, max(span.last) as last
    from told join span using (session) left join pinged using (session)
    left join sure on sure.heading = told.heading and sure.value = told.value
    group by told.heading, told.value order by told.heading, sessions desc, told.value
""")  # fmt: skip
METADATA_TABLE = "create temp table metadata (capture text, heading text, value text)"

LIST = "array_to_string(list_sort(list(distinct {})  filter (where {} is not null))[1:{}], ', ')"
NAMED = {
    "host": "host",
    "dossier": "p.dossier",
    "host_or": "coalesce(host, destination)",
    "name": "names[1]",
    "address": "address",
}
