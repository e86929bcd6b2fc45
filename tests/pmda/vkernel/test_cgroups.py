"""Control groups and containers: files as the kernel and the engines write them."""

from __future__ import annotations

import json

import k_cgroup
import k_container
import k_reader
import pytest
import vcollect
import vfiles
from hypothesis import given
from hypothesis import strategies as st

MOUNTS = (
    "22 1 0:20 / /proc rw,nosuid - proc proc rw\n"
    "30 23 0:26 / /sys/fs/cgroup rw,nosuid,nodev - cgroup2 cgroup2 rw,nsdelegate\n"
)
WEB, DB, POD = "a1" * 32, "b2" * 32, "c3" * 32
DOCKER = f"/system.slice/docker-{WEB}.scope"
PODMAN = f"/machine.slice/libpod-{DB}.scope"
KUBE = f"/kubepods.slice/kubepods-burstable.slice/cri-containerd-{POD}.scope"

STAT = "usage_usec 5000\nuser_usec 3000\nsystem_usec 2000\nnr_periods 40\nnr_throttled 12\n"
STAT += "throttled_usec 345678\nnr_bursts 0\nburst_usec 0\n"
EVENTS = "low 1\nhigh 2\nmax 3\noom 4\noom_kill 5\noom_group_kill 0\n"


def group(path, **files):
    return {f"/sys/fs/cgroup{path}/{name}": text for name, text in files.items()}


FILES = {
    "/proc/self/mountinfo": MOUNTS,
    **group("", **{"cgroup.controllers": "cpu memory\n", "cpu.stat": STAT}),
    **group("/system.slice", **{"cpu.stat": "usage_usec 9\n", "memory.max": "max\n"}),
    **group(
        DOCKER,
        **{
            "cpu.stat": STAT,
            "cpu.max": "150000 100000\n",
            "memory.current": "1048576\n",
            "memory.max": "2097152\n",
            "memory.events": EVENTS,
        },
    ),
    **group(PODMAN, **{"cpu.stat": "usage_usec 1\n", "cpu.max": "max 100000\n"}),
    **group(KUBE, **{"memory.current": "7\n"}),
    f"/var/lib/docker/containers/{WEB}/config.v2.json": json.dumps({"ID": WEB, "Name": "/web"}),
    "/var/lib/containers/storage/overlay-containers/containers.json": json.dumps(
        [{"id": DB, "names": ["db"]}, {"id": "d4" * 32}]
    ),
    f"/var/log/containers/shop-5f_prod_api-{POD}.log": "",
}


@pytest.fixture
def probe(world):
    made = world(FILES)
    return k_cgroup.Cgroups(made, k_container.Names(lambda ids: k_container.known(made, ids)))


def test_a_group_s_limits_throttling_and_events(probe):
    values = probe.collect(0.0).values
    of_web = {name: column[DOCKER] for name, column in values.items() if DOCKER in column}
    assert of_web == {
        "cgroup.cpu.usage": 5000,
        "cgroup.cpu.user": 3000,
        "cgroup.cpu.system": 2000,
        "cgroup.cpu.periods": 40,
        "cgroup.cpu.throttled_periods": 12,
        "cgroup.cpu.throttled_time": 345678,
        "cgroup.cpu.limit": 1.5,
        "cgroup.memory.usage": 1048576,
        "cgroup.memory.limit": 2097152,
        "cgroup.memory.low": 1,
        "cgroup.memory.high": 2,
        "cgroup.memory.max": 3,
        "cgroup.memory.oom": 4,
        "cgroup.memory.oom_kill": 5,
        "cgroup.container": "web",
        "cgroup.path": DOCKER,
    }


def test_what_is_not_limited_or_counted_has_no_value(probe):
    values = probe.collect(0.0).values
    assert set(values["cgroup.cpu.limit"]) == set(values["cgroup.memory.limit"]) == {DOCKER}
    assert values["cgroup.memory.usage"] == {DOCKER: 1048576, KUBE: 7}
    assert "" not in values["cgroup.cpu.usage"]


def test_containers_have_the_engine_s_name(probe):
    reading = probe.collect(0.0)
    assert reading.names["cgroup"] == {DOCKER: "web", PODMAN: "db", KUBE: "prod/shop-5f/api"}
    assert reading.values["cgroup.container"] == reading.names["cgroup"]


def test_a_container_that_nobody_names_has_its_short_id(world):
    made = world({**FILES, f"/var/lib/docker/containers/{WEB}/config.v2.json": "{"})
    probe = k_cgroup.Cgroups(made, k_container.Names(lambda ids: k_container.known(made, ids)))
    assert probe.collect(0.0).names["cgroup"][DOCKER] == "a1a1a1a1a1a1"


def test_groups_are_looked_for_now_and_then(probe, world):
    probe.collect(0.0)
    world(group("/new.slice", **{"cpu.stat": "usage_usec 3\n"}))
    world(group(DOCKER, **{"memory.current": "99\n"}))
    values = probe.collect(9.0).values
    assert values["cgroup.memory.usage"][DOCKER] == 99
    assert "/new.slice" not in values["cgroup.cpu.usage"]
    assert probe.collect(10.0).values["cgroup.cpu.usage"]["/new.slice"] == 3


def test_hosts_without_cgroup_v2_say_so(world):
    def names(paths):
        return {}

    with pytest.raises(vcollect.Unavailable, match="no cgroups"):
        k_cgroup.Cgroups(
            world({"/proc/self/mountinfo": "1 1 0:1 / / rw - ext4 x rw\n"}), names
        ).collect(0)
    with pytest.raises(vcollect.Unavailable, match="at /sys/fs/cgroup have no controllers"):
        bare = world({"/proc/self/mountinfo": MOUNTS, "/sys/fs/cgroup/cgroup.procs": "1\n"})
        k_cgroup.Cgroups(bare, names).collect(0)


# Version 1 as CentOS 7 and older Ubuntus mount it: a hierarchy per controller, and cgroup v2 beside
# them without controllers.
MOUNTS1 = (
    "22 1 0:20 / /proc rw,nosuid - proc proc rw\n"
    "25 23 0:22 / /sys/fs/cgroup ro,nosuid - tmpfs tmpfs ro,mode=755\n"
    "26 25 0:23 / /sys/fs/cgroup/unified rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n"
    "27 25 0:24 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,name=systemd\n"
    "31 25 0:28 / /sys/fs/cgroup/cpu,cpuacct rw,nosuid - cgroup cgroup rw,cpu,cpuacct\n"
    "32 25 0:29 / /sys/fs/cgroup/memory rw,nosuid - cgroup cgroup rw,memory\n"
    "33 25 0:30 / /sys/fs/cgroup/blkio rw,nosuid - cgroup cgroup rw,blkio\n"
)
POD_UID = "5f1c0a52-7d5e-4a57-9a3b-0c1d2e3f4a5b"
KUBE1 = f"/kubepods/burstable/pod{POD_UID}/{POD}"
WORLD1 = {
    "/proc/self/mountinfo": MOUNTS1,
    "/sys/fs/cgroup/unified/cgroup.procs": "1\n",
    "/sys/fs/cgroup/systemd/system.slice/tasks": "1\n",
    **{
        f"/sys/fs/cgroup/cpu,cpuacct{path}/{name}": text
        for path in (f"/docker/{WEB}", KUBE1)
        for name, text in {
            "tasks": "812\n",
            "notify_on_release": "0\n",
            "cpu.shares": "1024\n",
            "cpu.stat": "nr_periods 1200\nnr_throttled 37\nthrottled_time 4123456789\n",
            "cpu.cfs_quota_us": "150000\n" if WEB in path else "-1\n",
            "cpu.cfs_period_us": "100000\n",
            "cpuacct.usage": "98765432100\n",
        }.items()
    },
    **{
        f"/sys/fs/cgroup/memory{path}/{name}": text
        for path in (f"/docker/{WEB}", "/user.slice")
        for name, text in {
            "memory.usage_in_bytes": "52428800\n",
            "memory.limit_in_bytes": "104857600\n" if WEB in path else "9223372036854771712\n",
            "memory.failcnt": "18\n",
            "memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n",
        }.items()
    },
}


def test_version_1_gives_the_same_metrics(world):
    probe = k_cgroup.Cgroups(world(WORLD1), k_container.Names(lambda ids: {}))
    reading = probe.collect(0.0)
    web = f"/docker/{WEB}"
    told = {name: column[web] for name, column in reading.values.items() if web in column}
    assert told == {
        "cgroup.cpu.usage": 98765432,
        "cgroup.cpu.periods": 1200,
        "cgroup.cpu.throttled_periods": 37,
        "cgroup.cpu.throttled_time": 4123456,
        "cgroup.cpu.limit": 1.5,
        "cgroup.memory.usage": 52428800,
        "cgroup.memory.limit": 104857600,
        "cgroup.memory.max": 18,
        "cgroup.memory.oom_kill": 2,
        "cgroup.container": WEB[:12],
        "cgroup.path": web,
    }
    assert set(reading.values["cgroup.path"]) == {web, KUBE1, "/user.slice"}
    assert set(reading.values["cgroup.cpu.limit"]) == {web}  # -1 is none
    assert set(reading.values["cgroup.memory.limit"]) == {web}  # and so is nearly 2^63
    assert reading.values["cgroup.container"][KUBE1] == f"pod-{POD_UID}/{POD[:12]}"


def test_an_old_kernel_s_version_1_without_kills_of_a_group(world):
    files = dict(WORLD1)
    files[f"/sys/fs/cgroup/memory/docker/{WEB}/memory.oom_control"] = "oom_kill_disable 0\n"
    del files[f"/sys/fs/cgroup/cpu,cpuacct/docker/{WEB}/cpuacct.usage"]
    values = k_cgroup.Cgroups(world(files), lambda paths: {}).collect(0.0).values
    assert set(values["cgroup.memory.oom_kill"]) == {"/user.slice"}
    assert set(values["cgroup.cpu.usage"]) == {KUBE1}


def test_both_versions_at_once_are_told_together(world):
    files = {
        **WORLD1,
        f"/sys/fs/cgroup/unified/docker/{WEB}/cpu.stat": "usage_usec 98765433\n",
        "/sys/fs/cgroup/unified/init.scope/cpu.stat": "usage_usec 5\n",
    }
    values = k_cgroup.Cgroups(world(files), lambda paths: {}).collect(0.0).values
    assert values["cgroup.cpu.usage"]["/init.scope"] == 5
    assert values["cgroup.cpu.usage"][f"/docker/{WEB}"] == 98765433
    assert values["cgroup.cpu.periods"][f"/docker/{WEB}"] == 1200


def config(**annotations):
    return json.dumps({"ociVersion": "1.1.0", "annotations": annotations})


CRI = {
    "io.kubernetes.cri.container-type": "container",
    "io.kubernetes.cri.container-name": "api",
    "io.kubernetes.cri.sandbox-name": "shop-5f",
    "io.kubernetes.cri.sandbox-namespace": "prod",
}
CRIO = {
    "io.kubernetes.container.name": "db",
    "io.kubernetes.pod.name": "shop-6a",
    "io.kubernetes.pod.namespace": "prod",
}


@pytest.mark.parametrize(
    ("annotations", "expected"),
    [
        (CRI, "prod/shop-5f/api"),
        (CRIO, "prod/shop-6a/db"),
        (
            {**CRI, "io.kubernetes.cri.container-type": "sandbox"},
            "prod/shop-5f/pause",
        ),
        ({"io.kubernetes.cri.container-name": "api"}, "api"),
        ({"nerdctl/name": "web"}, "web"),
        ({"io.kubernetes.cri.container-name": 7}, None),
        ({}, None),
    ],
)
def test_containerd_and_cri_o_know_names_by_annotations(annotations, expected):
    assert k_container.runtime_name(config(**annotations)) == expected


def test_names_of_containerd_and_cri_o_are_found(world):
    task = "/run/containerd/io.containerd.runtime.v2.task"
    crio = f"/run/containers/storage/overlay-containers/{DB}/userdata/config.json"
    made = world(
        {
            f"{task}/k8s.io/{POD}/config.json": config(**CRI),
            f"{task}/default/{WEB}/config.json": config(**{"nerdctl/name": "web"}),
            crio: config(**CRIO),
        }
    )
    assert k_container.known(made, [POD, WEB, DB, "d4" * 32]) == {
        POD: "prod/shop-5f/api",
        WEB: "web",
        DB: "prod/shop-6a/db",
    }


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (
            "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod"
            f"{POD_UID.replace('-', '_')}.slice/cri-containerd-{POD}.scope",
            f"pod-{POD_UID}/{POD[:12]}",
        ),
        (
            "/system.slice/containerd.service/kubepods-besteffort-pod"
            f"{POD_UID.replace('-', '_')}.slice:cri-containerd:{POD}",
            f"pod-{POD_UID}/{POD[:12]}",
        ),
        (KUBE1, f"pod-{POD_UID}/{POD[:12]}"),
        (KUBE, POD[:12]),
        (f"/docker/{WEB}", WEB[:12]),
    ],
)
def test_what_nobody_names_is_found_by_pod_and_short_id(path, expected):
    assert k_container.Names(lambda ids: {})([path]) == {path: expected}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (DOCKER, WEB),
        (f"/docker/{WEB}", WEB),
        (f"/kubepods/burstable/pod12/{POD}", POD),
        (f"/machine.slice/libpod-conmon-{DB}.scope", None),
        ("/system.slice/ssh.service", None),
        (f"/x/docker-{WEB[:63]}.scope", None),
    ],
)
def test_the_id_stands_in_the_path(path, expected):
    assert k_container.identity(path) == expected


def test_machines_and_lxc_name_themselves():
    names = k_container.Names(lambda ids: {})
    machine = "/machine.slice/machine-build\\x2dbox.scope"
    assert names(["/lxc.payload.web1", machine, "/system.slice"]) == {
        "/lxc.payload.web1": "web1",
        machine: "build-box",
    }


def test_a_name_that_was_found_is_not_asked_again():
    asked = []

    def look_up(ids):
        asked.append(ids)
        return {WEB: "web"}

    names = k_container.Names(look_up)
    for _ in range(2):
        assert names([DOCKER, PODMAN]) == {DOCKER: "web", PODMAN: DB[:12]}
    assert asked == [[WEB, DB], [DB]]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["Name", "id", "names", "x"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.one_of(st.text(max_size=60), JSON.map(json.dumps)))
def test_files_of_engines_may_hold_anything(text):
    name = k_container.docker_name(text)
    assert name is None or (isinstance(name, str) and name)
    assert all(isinstance(value, str) for value in k_container.podman_names(text).values())
    told = k_container.runtime_name(text)
    assert told is None or (isinstance(told, str) and told)
    k_container.kubernetes_names([text])


@given(st.text(max_size=60))
def test_files_of_the_kernel_may_hold_anything(text):
    limit = k_cgroup.cpus(text)
    assert limit is None or limit >= 0
    k_cgroup.values(dict.fromkeys(k_cgroup._FILES, text))
    k_cgroup.values1({name: text for names in k_cgroup._FILES1.values() for name in names})
    k_cgroup.hierarchies(text)


@pytest.mark.parametrize("text", ["max 100000", "100000", "0 0", "a b", "", "1 2 3"])
def test_what_is_no_limit_is_none(text):
    assert k_cgroup.cpus(text) is None


def test_the_reader_answers_for_ids_only(world):
    made = world(FILES)
    question = json.dumps([WEB, "../../../etc/passwd", 7, WEB + "\n"]).encode()
    assert json.loads(k_reader.answer(question, made)) == {WEB: "web"}
    assert k_reader.answer(b"\xff", made) == b"{}"


@given(st.binary(max_size=100))
def test_the_reader_lives_through_any_question(question):
    assert json.loads(k_reader.answer(question, vfiles.World("/nowhere"))) == {}


DEVICES = "Character devices:\n  1 mem\n  7 vcs\n\n"
DEVICES += "Block devices:\n  7 loop\n  8 sd\n  9 md\n254 virtblk\n"
IO = "8:0 rbytes=4096 wbytes=100 rios=2 wios=3 dbytes=0 dios=0\n"
IO += "254:0 rbytes=4 wbytes=5 rios=1 wios=1\n"
MEMORY2 = "anon 100\nfile 300\ninactive_file 200\npgmajfault 7\n"
MEMORY1 = "cache 1\nrss 2\ntotal_cache 300\ntotal_rss 100\ntotal_inactive_file 200\n"
MEMORY1 += "total_pgmajfault 7\n"


def test_work_of_disks_is_added_up_and_that_of_devices_over_others_left_out():
    over = k_cgroup.stacked(DEVICES + "253 device-mapper\n")
    assert over == {"7", "9", "253"}, "the console's 7 is no block device, loop's is"
    assert k_cgroup.io(IO + "253:1 rbytes=4096 wbytes=100 rios=2 wios=3\n8:16\n", over) == {
        "io.read_bytes": 4100,
        "io.write_bytes": 105,
        "io.reads": 3,
        "io.writes": 4,
    }
    first = "8:0 Read 4096\n8:0 Write 100\n8:0 Total 4196\n9:0 Read 7\nTotal 4196\n"
    assert k_cgroup.io1(first, "r", "w", over) == {"r": 4096, "w": 100}


def test_memory_disks_and_tasks_are_the_same_on_both_versions():
    second = k_cgroup.values({"memory.stat": MEMORY2, "io.stat": IO, "pids.current": "5\n"})
    first = k_cgroup.values1(
        {
            "memory.stat": MEMORY1,
            "blkio.throttle.io_service_bytes_recursive": "8:0 Read 4100\n8:0 Write 105\n",
            "blkio.throttle.io_serviced_recursive": "8:0 Read 3\n8:0 Write 4\n",
            "pids.current": "5\n",
        }
    )
    assert first == second
    assert second == {
        "memory.anon": 100,
        "memory.file": 300,
        "memory.inactive_file": 200,
        "memory.major_faults": 7,
        "io.read_bytes": 4100,
        "io.write_bytes": 105,
        "io.reads": 3,
        "io.writes": 4,
        "pids": 5,
    }


def test_cpu_time_of_version_1_is_told_in_parts():
    texts = {"cpuacct.usage": "5000000", "cpuacct.usage_user": "3000000"}
    assert k_cgroup.values1({**texts, "cpuacct.usage_sys": "2000000"}) == {
        "cpu.usage": 5000,
        "cpu.user": 3000,
        "cpu.system": 2000,
    }
