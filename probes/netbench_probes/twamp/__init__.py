"""TWAMP (RFC 5357): sessions agreed over TCP with a server, their test packets those of STAMP."""
