import ipaddress

import pytest
from http_server import Reply, Server
from hypothesis import given
from hypothesis import strategies as st

from millrace.http import AddressPolicy, Call, Clock, HttpError, Network, perform, resolve
from millrace.http.addresses import refusal
from millrace.http.errors import RefusedError, RequestError


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",
        "10.1.2.3",
        "100.64.0.1",
        "127.0.0.1",
        "127.255.255.254",
        "168.63.129.16",
        "169.254.169.254",
        "172.16.0.1",
        "192.0.0.192",
        "192.168.1.1",
        "198.18.0.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::7f00:1",
        "::ffff:8.8.8.8",
        "::ffff:0:7f00:1",
        "64:ff9b::8.8.8.8",
        "64:ff9b:1::1",
        "2001:0:1::1",
        "2001:db8::1",
        "2002:7f00:1::",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "fec0::1",
        "ff02::1",
    ],
)
def test_special_addresses_are_refused(address: str) -> None:
    assert refusal(ipaddress.ip_address(address)) is not None


@pytest.mark.parametrize("address", ["1.1.1.1", "8.8.8.8", "93.184.215.14", "2606:4700::1111", "2a00:1450::1"])
def test_public_addresses_are_allowed(address: str) -> None:
    assert refusal(ipaddress.ip_address(address)) is None


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_inside_an_ipv6_one_is_never_allowed(address: ipaddress.IPv4Address) -> None:
    for prefix in ("::", "::ffff:", "64:ff9b::"):
        assert refusal(ipaddress.ip_address(f"{prefix}{address}")) is not None


@given(st.ip_addresses())
def test_no_address_that_python_calls_private_is_allowed(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    if not address.is_global:
        assert refusal(address) is not None


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://localhost/",
        "http://LOCALHOST/",
        "http://2130706433/",
        "http://0x7f000001/",
        "http://0x7f.1/",
        "http://127.1/",
        "http://017700000001/",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[::ffff:7f00:1]/",
        "http://0/",
        "http://169.254.169.254/latest/meta-data/",
        "http://[fd00:ec2::254]/",
        "https://10.0.0.1/",
    ],
)
def test_spellings_of_private_addresses_are_refused(url: str) -> None:
    with pytest.raises(RefusedError, match="MILLRACE_ALLOW_PRIVATE_HOSTS"):
        perform(Call("GET", url), Network(AddressPolicy(), 1000), Clock())


@pytest.mark.parametrize("url", ["http://0177.0.0.1/", "http://①②⑦.⓪.⓪.①/", "http://127。0。0。1/"])
def test_other_odd_spellings_reach_nothing(url: str) -> None:
    with pytest.raises(HttpError) as caught:
        perform(Call("GET", url), Network(AddressPolicy(), 1000), Clock())
    assert caught.value.name in {"Http.Refused", "Http.Request", "Http.Connection"}


def test_one_private_address_among_public_ones_refuses_the_host() -> None:
    network = Network(AddressPolicy(), 1000, resolver=lambda _host, _port: ["8.8.8.8", "127.0.0.1"])
    with pytest.raises(RefusedError, match=r"'mixed\.test' leads to 127\.0\.0\.1"):
        perform(Call("GET", "http://mixed.test/"), network, Clock())


def test_the_connection_goes_to_the_address_that_was_checked() -> None:
    answers = iter([["127.0.0.1"]])  # a second question would end the test with StopIteration

    with Server({"/": lambda _: Reply(body=b"1")}) as server:
        network = Network(AddressPolicy.parse("127.0.0.1"), 1000, resolver=lambda _host, _port: next(answers))
        result = perform(Call("GET", server.url(host="once.test")), network, Clock())
    assert result["body"] == 1
    assert server.received[0].headers["host"] == f"once.test:{server.port}"


def test_a_name_that_changes_its_address_between_two_connections_is_refused() -> None:
    answers = {"first.test": ["127.0.0.1"], "second.test": ["169.254.169.254"]}
    with Server() as server:
        target = f"http://second.test:{server.port}/"
        server.routes["/"] = lambda _: Reply(302, headers=(("location", target),))
        network = Network(AddressPolicy.parse("127.0.0.0/8"), 1000, resolver=lambda host, _: answers[host])
        with pytest.raises(RefusedError, match=r"second\.test"):
            perform(Call("GET", server.url(host="first.test")), network, Clock())
    assert len(server.received) == 1


@pytest.mark.parametrize(
    "allowed", ["localhost", "LOCALHOST", "localhost:{port}", "127.0.0.0/8,::1", "10.0.0.0/8, 127.0.0.1 ,::1"]
)
def test_hosts_that_the_setting_names_are_reached(allowed: str) -> None:
    with Server({"/": lambda _: Reply(body=b"1")}) as server:
        policy = AddressPolicy.parse(allowed.format(port=server.port))
        network = Network(policy, 1000, resolver=lambda _host, _port: ["127.0.0.1"])
        assert perform(Call("GET", server.url(host="localhost")), network, Clock())["status"] == 200


@pytest.mark.parametrize("allowed", ["other", "localhost:1", "10.0.0.0/8"])
def test_hosts_that_the_setting_does_not_name_stay_refused(allowed: str) -> None:
    with pytest.raises(RefusedError):
        perform(Call("GET", "http://localhost:2/"), Network(AddressPolicy.parse(allowed), 1000), Clock())


def test_a_setting_that_cannot_be_read_says_what_was_expected() -> None:
    with pytest.raises(RequestError, match=r"expected a range such as 10\.1\.0\.0/16, found '10\.0\.0\.0/99'"):
        AddressPolicy.parse("10.0.0.0/99")


def test_an_unknown_host_is_a_connection_error() -> None:
    with pytest.raises(HttpError, match="was not found") as caught:
        resolve("nowhere.invalid", 80)
    assert caught.value.transient
