"""libpcp by PCP's own Python bindings: contexts, descriptors, instances, and fast fetches.

Only calls and their decoding belong here; `pmcd` makes a source of them. The
bindings load and describe the library; our prototypes are our own, because
pcp.pmapi changes a shared one at each look-up of names, which threads must not.
All calls give up the GIL. Values are read from memory by `shape`, in a fraction
of the time that pmExtractValue takes.
"""

from __future__ import annotations

import ctypes
import functools
import json
import os
import struct
from collections.abc import Callable, Collection, Mapping, MutableMapping, Sequence
from ctypes import POINTER, byref, c_char_p, c_double, c_int, c_uint, c_void_p, string_at
from dataclasses import dataclass
from typing import Any

from vectorpy.errors import Unavailable
from vectorpy.model.metric import Descriptor
from vectorpy.sources.shape import Fetched, Shapes

ID_NULL = 0xFFFFFFFF
# Numbers of pmapi.h that decide what is done; the words of all others are libpcp's.
PM_ERR_TIMEOUT, PM_ERR_NAME, PM_ERR_PMID = -12353, -12357, -12358
PM_ERR_IPC, PM_ERR_NOAGENT, PM_ERR_PERMISSION = -12366, -12386, -12387
PM_ERR_NONLEAF, PM_ERR_PMDAFENCED = -12394, -12411
_UNKNOWN_THERE = frozenset({PM_ERR_PMID, PM_ERR_NOAGENT, PM_ERR_NAME, PM_ERR_NONLEAF})
_HOST = 1
_TEXT_ONELINE, _TEXT_HELP = 1, 2
_TYPES = ("s32", "u32", "s64", "u64", "float", "double", "string")
_OTHER = "other"
_SEMANTICS = {1: "counter", 3: "instant", 4: "discrete"}
_POINTER = struct.calcsize("P")
_TEXT = 64 * 1024


class PmError(Exception):
    """An error number of PMAPI (negative), with its words."""

    def __init__(self, code: int, words: str) -> None:
        super().__init__(words)
        self.code = code
        self.words = words


@dataclass(frozen=True, slots=True)
class Wanted:
    """Metrics to fetch, prepared: their PMIDs as C has them, the type of each, how to read them."""

    pmids: Any
    types: tuple[str, ...]
    shapes: Shapes


def clean_environment(environ: MutableMapping[str, str]) -> None:
    """Drop what would send libpcp to other hosts, or make it wait: PMCD_*, PMPROXY_*, ...

    Derived metrics of this machine's own files are left out too: they are not
    the host's, and what they compute can be an interval old.
    """
    for name in list(environ):
        if name.startswith(("PMCD_", "PMPROXY_", "PMDA_")) or name == "PCP_SECURE_SOCKETS":
            del environ[name]
    environ["PCP_DERIVED_CONFIG"] = ""


@functools.cache
def available() -> str:
    """ "" where PCP's bindings can be loaded, else a sentence that says why not."""
    try:
        _bindings()
    except (ImportError, OSError):
        return (
            "PCP's Python bindings are not installed here, so pmcd can't be read directly. "
            "Install python3-pcp (Debian, Ubuntu: apt install python3-pcp) for the Python "
            "that runs vectorpy, or use the host's web API (pmproxy on port 44322)."
        )
    return ""


@functools.cache
def _bindings() -> Any:
    clean_environment(os.environ)
    from pcp import pmapi

    return pmapi


def require() -> None:
    """Unavailable where PCP's bindings can't be loaded."""
    if why := available():
        raise Unavailable(why)


@functools.cache
def load(request_timeout: float = 2.0) -> Lib:
    """The library, once per process; Unavailable where the bindings are absent.

    `request_timeout` seconds is how long it waits for any answer of a pmcd
    (its own default is ten).
    """
    require()
    return Lib(_bindings(), request_timeout)


class Lib:
    """The calls that sources need. Every method but `errstr` raises PmError.

    A context is a number; `use` makes it this thread's own, and all calls below
    work on that.
    """

    def __init__(self, pmapi: Any, request_timeout: float) -> None:
        self._lib = pmapi.LIBPCP
        self._desc, self._label_set = pmapi.pmDesc, pmapi.pmLabelSet
        fields = dict(pmapi.pmResult._fields_)
        fraction = fields["timestamp"]._fields_[1][0]
        self._fraction = 1e-6 if fraction == "tv_usec" else 1e-9  # PCP 7 has nanoseconds
        self._result_head = struct.Struct("lli0P")
        self._free = ctypes.CDLL(None).free
        self._free.argtypes = [c_void_p]
        self._make_prototypes()
        if hasattr(self._lib, "__pmSetRequestTimeout"):  # not in the public header
            self._call("__pmSetRequestTimeout", c_double)(request_timeout)

    def _make_prototypes(self) -> None:
        names, ints = POINTER(c_char_p), POINTER(c_int)
        self._new = self._call("pmNewContext", c_int, c_char_p)
        self._destroy = self._call("pmDestroyContext", c_int)
        self._use = self._call("pmUseContext", c_int)
        self._fetch = self._call("pmFetch", c_int, POINTER(c_uint), POINTER(c_void_p))
        self._free_result = self._call("pmFreeResult", c_void_p)
        self._add_profile = self._call("pmAddProfile", c_uint, c_int, ints)
        self._del_profile = self._call("pmDelProfile", c_uint, c_int, ints)
        self._lookup = self._call("pmLookupName", c_int, names, POINTER(c_uint))
        self._lookup_descs = self._call(
            "pmLookupDescs", c_int, POINTER(c_uint), POINTER(self._desc)
        )
        self._get_indom = self._call("pmGetInDom", c_uint, POINTER(ints), POINTER(names))
        self._text = self._call("pmLookupText", c_uint, c_int, POINTER(c_void_p))
        self._visit = ctypes.CFUNCTYPE(None, c_char_p, c_void_p)
        self._traverse = self._call("pmTraversePMNS_r", c_char_p, self._visit, c_void_p)
        self._context_labels = self._call("pmGetContextLabels", POINTER(POINTER(self._label_set)))
        self._free_labels = self._call("pmFreeLabelSets", c_void_p, c_int)
        self._hostname = self._call("pmGetContextHostName_r", c_int, c_char_p, c_int)
        self._units = self._call("pmUnitsStr_r", c_void_p, c_char_p, c_int)
        self._errstr = self._call("pmErrStr_r", c_int, c_char_p, c_int)

    def _call(self, name: str, *arguments: Any) -> Callable[..., int]:
        prototype = ctypes.CFUNCTYPE(c_int, *arguments)
        return prototype((name, self._lib))

    def errstr(self, code: int) -> str:
        """PCP's words for an error number."""
        buffer = ctypes.create_string_buffer(256)
        self._errstr(code, buffer, 256)
        return buffer.value.decode(errors="replace")

    def _check(self, status: int) -> int:
        if status < 0:
            raise PmError(status, self.errstr(status))
        return status

    # -- contexts ---------------------------------------------------------------

    def new_context(self, hostspec: str) -> int:
        """A new context to a pmcd, in use by this thread."""
        return self._check(self._new(_HOST, hostspec.encode()))

    def destroy(self, context: int) -> None:
        """End a context; never raises."""
        self._destroy(context)

    def use(self, context: int) -> None:
        """Make the context this thread's own."""
        self._check(self._use(context))

    def hostname(self, context: int) -> str:
        """What the pmcd calls its host."""
        buffer = ctypes.create_string_buffer(256)
        self._hostname(context, buffer, 256)
        return buffer.value.decode(errors="replace")

    def labels(self) -> dict[str, Any]:
        """The context's labels (hostname, machineid, ...)."""
        sets = POINTER(self._label_set)()
        if self._check(self._context_labels(byref(sets))) == 0:
            return {}
        try:
            return dict(json.loads(sets[0].json or b"{}"))
        except ValueError:
            return {}
        finally:
            self._free_labels(ctypes.cast(sets, c_void_p), 1)

    # -- metadata ---------------------------------------------------------------

    def lookup(self, names: Sequence[str]) -> dict[str, int]:
        """PMIDs of those names that are known."""
        array = (c_char_p * len(names))(*(name.encode() for name in names))
        pmids = (c_uint * len(names))(*([ID_NULL] * len(names)))
        status = self._lookup(len(names), array, pmids)
        found = {n: p for n, p in zip(names, pmids, strict=True) if p != ID_NULL}
        if status < 0 and not found and status not in _UNKNOWN_THERE:
            self._check(status)
        return found

    def descriptors(self, pmids: Mapping[str, int]) -> dict[str, Descriptor]:
        """Descriptors, without texts, of those metrics that their agents know."""
        if not pmids:
            return {}
        array = (c_uint * len(pmids))(*pmids.values())
        descs = (self._desc * len(pmids))()
        status = self._lookup_descs(len(pmids), array, descs)
        if status < 0 and status not in _UNKNOWN_THERE:
            self._check(status)
        both = zip(pmids.items(), descs, strict=True)
        made = (self._descriptor(n, p, d) for (n, p), d in both if d.pmid == p)
        return {descriptor.name: descriptor for descriptor in made if descriptor is not None}

    def _descriptor(self, name: str, pmid: int, desc: Any) -> Descriptor | None:
        if desc.sem not in _SEMANTICS:
            return None
        units = ctypes.create_string_buffer(64)
        self._units(ctypes.addressof(desc) + self._desc.units.offset, units, 64)
        serial = f"{desc.indom >> 22 & 0x1FF}.{desc.indom & 0x3FFFFF}"
        return Descriptor(
            name=name,
            pmid=f"{pmid >> 22 & 0x1FF}.{pmid >> 10 & 0xFFF}.{pmid & 0x3FF}",
            type=_TYPES[desc.type] if 0 <= desc.type < len(_TYPES) else _OTHER,
            semantics=_SEMANTICS[desc.sem],
            units=units.value.decode(),
            indom=None if desc.indom == ID_NULL else serial,
        )

    def texts(self, pmid: int) -> tuple[str, str]:
        """One line and help text, "" where there is none."""
        return self._one_text(pmid, _TEXT_ONELINE), self._one_text(pmid, _TEXT_HELP)

    def _one_text(self, pmid: int, kind: int) -> str:
        pointer = c_void_p()
        if self._text(pmid, kind, byref(pointer)) < 0 or not pointer.value:
            return ""
        try:
            return string_at(pointer.value)[:_TEXT].decode(errors="replace")
        finally:
            self._free(pointer)

    def instances(self, indom: int) -> dict[int, str]:
        """Names by id of an instance domain."""
        ids, names = POINTER(c_int)(), POINTER(c_char_p)()
        count = self._check(self._get_indom(indom, byref(ids), byref(names)))
        if not count:
            return {}
        try:
            return {ids[i]: (names[i] or b"").decode(errors="replace") for i in range(count)}
        finally:
            self._free(ctypes.cast(ids, c_void_p))
            self._free(ctypes.cast(names, c_void_p))

    def below(self, prefix: str) -> list[str]:
        """Names of all metrics in the subtree `prefix` of the PMNS."""
        names: list[str] = []

        def visit(name: bytes, _: Any) -> None:
            names.append(name.decode(errors="replace"))

        status = self._traverse(prefix.encode(), self._visit(visit), None)
        if status < 0 and status not in _UNKNOWN_THERE:
            self._check(status)
        return names

    # -- values -----------------------------------------------------------------

    def narrow(self, indom: int, ids: Collection[int] | None) -> None:
        """Later fetches of this context bring these instances of `indom` alone; None is all."""
        if ids is None:
            self._check(self._add_profile(indom, 0, None))
            return
        self._check(self._del_profile(indom, 0, None))
        if ids:  # none at all would mean all
            self._check(self._add_profile(indom, len(ids), (c_int * len(ids))(*ids)))

    def fetch(self, wanted: Wanted) -> tuple[float, list[Fetched]]:
        """The host's time in seconds, and values of the metrics, in their order."""
        count = len(wanted.types)
        pointer = c_void_p()
        self._check(self._fetch(count, wanted.pmids, byref(pointer)))
        base = pointer.value
        assert base is not None
        try:
            head = self._result_head
            seconds, fraction, number = head.unpack(string_at(base, head.size))
            sets = struct.unpack(f"{number}P", string_at(base + head.size, number * _POINTER))
            found = wanted.shapes.read(sets)
        finally:
            self._free_result(base)
        return seconds + fraction * self._fraction, found


def wanted(descriptors: Sequence[Descriptor]) -> Wanted:
    """`descriptors` prepared for fetches."""
    numbers = [pmid_number(d.pmid) for d in descriptors]
    types = tuple(d.type for d in descriptors)
    return Wanted((c_uint * len(numbers))(*numbers), types, Shapes(types))


def pmid_number(pmid: str) -> int:
    """A dotted PMID as C has it."""
    domain, cluster, item = (int(part) for part in pmid.split("."))
    return domain << 22 | cluster << 10 | item
