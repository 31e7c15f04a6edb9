"""Which addresses are open to strangers: those that anybody on the Internet may have."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinetoscope.outbound.addresses import is_public

CLOSED = """
0.0.0.0 0.1.2.3 10.0.0.1 100.64.0.1 100.100.100.200 127.0.0.1 127.255.255.254 168.63.129.16
169.254.169.254 172.16.0.1 172.31.255.255 192.0.0.192 192.0.2.1 192.88.99.1 192.168.1.1 198.18.0.1
198.19.255.255 198.51.100.7 203.0.113.9 224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255
:: ::1 ::127.0.0.1 ::8.8.8.8 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:169.254.169.254
64:ff9b::7f00:1 64:ff9b::a9fe:a9fe 64:ff9b:1::1 64:ff9b:1::808:808 100::1 2001::1
2001:0:4136:e378:8000:63bf:3fff:fdd2 2001:db8::1 2002:7f00:1:: 2002:808:808::1 3fff::1 5f00::1
fc00::1 fd00:ec2::254 fe80::1 febf::1 fec0::1 ff02::1 ff0e::1
"""
OPEN = """
1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 172.15.255.255 172.32.0.0
192.167.255.255 198.17.255.255 198.20.0.0 223.255.255.255 ::ffff:8.8.8.8 64:ff9b::808:808
2606:4700:4700::1111 2a00:1450:4001::1 2001:4860:4860::8888
"""


@pytest.mark.parametrize("text", CLOSED.split())
def test_reserved_and_private_addresses_are_closed(text: str) -> None:
    assert not is_public(ip_address(text))


@pytest.mark.parametrize("text", OPEN.split())
def test_public_addresses_are_open_up_to_their_borders(text: str) -> None:
    assert is_public(ip_address(text))


@given(number=st.integers(0, 2**32 - 1))
def test_no_ipv4_address_is_open_that_python_calls_private(number: int) -> None:
    address = IPv4Address(number)

    assert not is_public(address) or (address.is_global and not address.is_multicast)
    assert is_public(IPv6Address((0xFFFF << 32) + number)) == is_public(address)
    assert is_public(IPv6Address((0x64FF9B << 96) + number)) == is_public(address)


@given(number=st.integers(0, 2**128 - 1))
def test_no_ipv6_address_is_open_that_python_calls_private(number: int) -> None:
    address = IPv6Address(number)

    assert not is_public(address) or (address.is_global and not address.is_multicast)
