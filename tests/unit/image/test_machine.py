"""What a machine is called, from the files of its kernel."""

import pytest
from ansible_collections.elk.deploy.plugins.module_utils.image import machine

FIB_TRIE = """Local:
  +-- 0.0.0.0/0 3 0 5
     |-- 10.0.0.0
        /16 link UNICAST
           |-- 10.0.3.7
              /32 host LOCAL
           |-- 10.0.255.255
              /32 link BROADCAST
     |-- 127.0.0.1
        /32 host LOCAL
"""
IF_INET6 = """00000000000000000000000000000001 01 80 10 80       lo
20010db8000000000000000000000007 02 40 00 80     eth0
fe800000000000000008a1fffe2b3c4d 02 40 20 80     eth0
"""


def test_names_and_addresses_of_this_machine_alone(tmp_path, put):
    put("/proc/sys/kernel/hostname", "ip-10-0-3-7.example.internal\n")
    put("/proc/net/fib_trie", FIB_TRIE)
    put("/proc/net/if_inet6", IF_INET6)
    put("/sys/class/net/eth0/address", "0a:1b:2c:3d:4e:5f\n")
    put("/sys/class/net/lo/address", "00:00:00:00:00:00\n")
    found = machine.read(tmp_path)
    assert found.names == ("ip-10-0-3-7", "ip-10-0-3-7.example.internal")
    assert found.addresses == ("0a:1b:2c:3d:4e:5f", "10.0.3.7", "2001:db8::7")


@pytest.mark.parametrize("name", ["debian", "localhost", "localhost.localdomain", ""])
def test_a_name_that_is_any_word_is_not_searched_for(tmp_path, put, name):
    put("/proc/sys/kernel/hostname", name)
    assert machine.read(tmp_path) == machine.Machine()
    assert not machine.read(tmp_path).is_named_in(b"debian localhost")
