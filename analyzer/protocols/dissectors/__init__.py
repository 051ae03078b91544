"""One module a protocol: messages of a stream or a datagram → log-ins, identities and readable content.

`signatures` says by which first bytes each is recognised. A dissector imports `api` alone of this package
(SNMP also the BER of `ldap`).
"""
