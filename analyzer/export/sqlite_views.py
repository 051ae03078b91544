"""The usual questions to a report, as views of its SQLite database."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class View(NamedTuple):
    """A question, and the statement that answers it."""

    asks: str
    select: str


VIEWS: Mapping[str, View] = {
    "what_left_which_device": View(
        "What left which device, to whom, how often? Numbers worth checking are in it: see the column class.",
        """
        select f.device, d.name as device_name, f.kind, f.value, f.class, f.owner, count(*) as times,
               f.host, f.destination, f.destination_port, min(f.time) as first, max(f.time) as last
        from findings f left join devices d on d.id = f.device
        group by f.device, d.name, f.kind, f.value, f.class, f.owner, f.host, f.destination,
                 f.destination_port
        order by f.class = 'identifier' desc, f.class = 'probable identifier' desc, times desc, f.value
        """,
    ),
    "hosts_by_country": View(
        "Which hosts does which claim place in a country? Ask where country = 'CN'. Claims may disagree; "
        "named_under is no claim on a place.",
        """
        with claims as (
            select destination_id, 'located' as claim, located as country from destinations
            union all select destination_id, 'second', second from destinations
            union all select destination_id, 'registered', registered from destinations
            union all select destination_id, 'operated', operated from destinations
        )
        select c.country, c.claim, d.name, d.address, d.protocol, d.port, d.device, d.packets_up,
               d.packets_down, d.bytes_up, d.bytes_down, d.first, d.last, d.verdict, d.destination_id
        from claims c join destinations d on d.destination_id = c.destination_id
        where c.country is not null
        order by c.country, d.name, d.address, d.port, c.claim
        """,
    ),
    "pings_by_sender": View(
        "Which activation messages were seen, from which device, how far did they get?",
        """
        select title, device, host, destination, destination_port, status, confidence, encoding,
               count(*) as times, min(time) as first, max(time) as last
        from pings group by title, device, host, destination, destination_port, status, confidence, encoding
        order by times desc, title
        """,
    ),
    "packets_by_region": View(
        "How many packets went to addresses of the regions that were asked for?",
        """
        select claim, device, destination, protocol, destination_port, count(*) as packets,
               sum(length) as bytes, min(time) as first, max(time) as last
        from region_packets group by claim, device, destination, protocol, destination_port
        order by packets desc, destination
        """,
    ),
    "requests": View(
        "Which requests were readable, and what came back?",
        """
        select m.number as message, m.time, m.device, m.protocol, m.method, m.host, m.target, m.url,
               m.destination, m.destination_port,
               (select h.value from message_headers h
                where h.message = m.number and lower(h.name) = 'user-agent'
                order by h.position limit 1) as user_agent,
               m.body_octets, m.delivered, m.peer, a.status, a.body_octets as answer_octets, m.capture,
               m.frame, m.flow
        from messages m left join messages a on a.number = m.peer
        where m.role = 'request' order by m.time, m.number
        """,
    ),
    "how_much_was_searched": View(
        "What was not searched? Where little was, finding nothing says little.",
        """
        select state, sum(packets) as packets, sum(bytes) as bytes,
               round(100.0 * sum(bytes) / nullif((select sum(bytes) from coverage), 0), 1) as percent_of_bytes
        from coverage group by state order by bytes desc
        """,
    ),
}
