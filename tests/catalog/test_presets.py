"""Presets for the first five minutes: each asks for what its question needs."""

from __future__ import annotations

import re

import pytest

from vectorpy.model.watch import Wish

# What must be there by preset; {a,b} stand for both.
NEEDED = {
    "load": "kernel.all.{load,nprocs,uptime,runnable} hinv.ncpu",
    "cpu": """
        kernel.all.cpu.{user,nice,sys,idle,wait.total,irq.soft,irq.hard,steal,guest}
        kernel.percpu.cpu.{user,sys,idle,wait.total,irq.soft,steal}
        kernel.all.{pswitch,intr,sysfork,runnable,running,blocked}""",
    "runq": """
        kernel.all.pressure.cpu.some.total proc.schedstat.run_delay vkernel.rundelay.total
        bcc.runq.latency vkernel.runq.latency""",
    "memory": """
        mem.physmem mem.util.{available,free,cached,bufmem,slab,slabUnreclaimable,anonpages}
        mem.util.{dirty,writeback,committed_AS,commitLimit}
        kernel.all.pressure.memory.{some,full}.total""",
    "paging": """
        mem.vmstat.{pgfault,pgmajfault,pswpin,pswpout,pgscan_direct,pgscan_kswapd}
        mem.vmstat.{pgsteal_direct,pgsteal_kswapd,allocstall_normal,compact_stall}
        mem.vmstat.{thp_fault_alloc,thp_split_page,oom_kill} swap.{used,length}""",
    "disk": """
        disk.dev.{read,write,read_bytes,write_bytes,avactive,aveq,inflight,discard,flush}
        disk.dev.{read,write,flush}_rawactive kernel.all.pressure.io.{some,full}.total
        filesys.{full,avail,usedfiles,maxfiles}""",
    "network": """
        network.interface.{in,out}.{bytes,packets,errors,drops}
        network.interface.{in.fifo,collisions,baudrate,up}
        network.softnet.{processed,dropped,time_squeeze,percpu.dropped}""",
    "tcp": """
        network.tcp.{activeopens,passiveopens,attemptfails,estabresets,currestab,insegs,outsegs}
        network.tcp.{retranssegs,inerrs,outrsts,timeouts,listendrops,listenoverflows,fastretrans}
        network.tcp.{slowstartretrans,synretrans,reqqfulldrop,reqqfulldocookies,abortontimeout}
        network.tcp.{abortonmemory,prunecalled,rcvcollapsed,tozerowindowadv}
        network.tcpconn.{established,time_wait,close_wait,syn_sent,syn_recv,listen}
        network.sockstat.tcp.{inuse,orphan,mem,alloc}""",
    "udp-ip": """
        network.udp.{indatagrams,inerrors,recvbuferrors,sndbuferrors,noports}
        network.ip.{indiscards,reasmfails,outnoroutes} network.icmp.indestunreachs""",
    "limits": """
        vfs.files.{count,max} vfs.inodes.count kernel.all.nprocs network.sockstat.total
        network.tcpconn.close_wait filesys.full proc.runq.defunct""",
    "containers": """
        cgroup.cpu.stat.usage cgroup.cpuacct.usage cgroup.pressure.{cpu.some,memory.full}.total
        cgroup.pressure.io.full.total cgroup.memory.current
        cgroup.memory.stat.{anon,file,pgmajfault} cgroup.io.stat.{rbytes,wbytes,rios,wios}
        vkernel.cgroup.cpu.{limit,throttled_periods,throttled_time}
        vkernel.cgroup.memory.{limit,oom_kill}""",
    "events": "vkernel.kmsg.{trouble,count,line.text} mem.vmstat.oom_kill",
    "cost": "pmcd.cputime.{total,per_pdu_in} pmcd.pdu_in.fetch",
    "checklist": """
        swap.used mem.vmstat.{pgsteal_direct,pgscan_direct,thp_collapse_alloc,thp_fault_alloc}
        mem.vmstat.{thp_fault_fallback,thp_split_page} mem.numa.util.{free,total}
        network.interface.{in,out}.{bytes,drops,errors} network.interface.baudrate
        network.softnet.{dropped,time_squeeze} disk.dev.{avactive,read,write,read_bytes}
        mem.util.available mem.physmem kernel.percpu.cpu.{vuser,sys}""",
    "host-overview": """
        kernel.all.{load,pswitch,runnable} mem.util.{used,cached,free} disk.dev.avactive
        mem.vmstat.{pgfault,pgmajfault} network.tcp.{timeouts,listendrops,listenoverflows}
        network.interface.{in,out}.{bytes,packets,drops} network.tcpconn.{time_wait,close_wait}
        disk.dev.{read,write}_rawactive disk.dev.{read,write,read_bytes,write_bytes}""",
}


def spread(text: str) -> set[str]:
    """Names with each {a,b} spread out."""
    found = set()
    for word in text.split():
        names = [word]
        while any("{" in name for name in names):
            names = [
                re.sub(r"\{[^}]*\}", part, name, count=1)
                for name in names
                for part in re.search(r"\{([^}]*)\}", name)[1].split(",")
            ]
        found |= set(names)
    return found


@pytest.mark.parametrize("id", NEEDED)
def test_a_preset_asks_for_what_its_question_needs(catalog, id):
    widgets = [catalog.instantiate(Wish.parse(text)) for text in catalog.preset(id).widgets]
    asked = frozenset().union(*(widget.metrics for widget in widgets))
    assert spread(NEEDED[id]) - asked == set()


def test_the_other_presets_are_there_and_have_vector_s_names_too(catalog):
    assert {"verdict", "runq", "io", "jvm", "triage", "ebpf"} <= set(catalog.presets)
    names = {"mem": "memory", "net": "network", "container": "containers", "dmesg": "events"}
    names["top"] = "processes"
    assert {name: catalog.preset(name).id for name in names} == names


def test_no_preset_leaves_a_hole_before_a_table(catalog):
    """A table has a row of its own: what stands before it fills rows of four, or it is first."""
    for preset in catalog.presets.values():
        if preset.id not in ("events", "ebpf", "containers"):
            continue
        row = 0
        for text in preset.widgets:
            if catalog.resolve(Wish.parse(text).id).table is None:
                row += 1
            else:
                assert row % 4 == 0, f"{preset.id}: {text} stands after {row} charts"
                row = 0
