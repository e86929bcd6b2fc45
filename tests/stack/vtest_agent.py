"""A small PCP agent with known values, run by the stack's pmcd with the system's Python."""

import cpmapi as c_api
from pcp.pmapi import pmUnits
from pcp.pmda import PMDA, pmdaIndom, pmdaInstid, pmdaMetric

FLAT = {
    0: ("u64max", c_api.PM_TYPE_U64, 18446744073709551615),
    1: ("s64min", c_api.PM_TYPE_64, -9223372036854775808),
    2: ("nan", c_api.PM_TYPE_DOUBLE, float("nan")),
    3: ("inf", c_api.PM_TYPE_DOUBLE, float("inf")),
    4: ("double", c_api.PM_TYPE_DOUBLE, 0.1),
    5: ("float", c_api.PM_TYPE_FLOAT, 0.25),
    6: ("u32", c_api.PM_TYPE_U32, 4294967295),
    7: ("s32", c_api.PM_TYPE_32, -7),
    8: ("string", c_api.PM_TYPE_STRING, 'q"uote \\ <b>'),
    9: ("refused", c_api.PM_TYPE_U32, None),
    10: ("fetches", c_api.PM_TYPE_U32, 0),
    11: ("environ", c_api.PM_TYPE_STRING, "PASSWORD=vtest-secret"),
}


class Agent(PMDA):
    def __init__(self):
        super().__init__("vtest", 146)
        self.connect_pmcd()
        self.fetches = 0
        names = [pmdaInstid(0, "a"), pmdaInstid(7, "b c"), pmdaInstid(9, "<img src=x>")]
        self.inst = self.indom(0)
        self.add_indom(pmdaIndom(self.inst, names))
        self.add_indom(pmdaIndom(self.indom(1), []))
        units = pmUnits(0, 0, 1, 0, 0, c_api.PM_COUNT_ONE)
        for item, (name, kind, _) in FLAT.items():
            path = "vtest.psinfo.environ" if name == "environ" else f"vtest.{name}"
            flat = pmdaMetric(
                self.pmid(0, item), kind, c_api.PM_INDOM_NULL, c_api.PM_SEM_INSTANT, units
            )
            self.add_metric(path, flat, f"the value {name}", "long help")
        for item, kind in ((0, c_api.PM_TYPE_U64), (1, c_api.PM_TYPE_FLOAT)):
            many = pmdaMetric(self.pmid(1, item), kind, self.inst, c_api.PM_SEM_COUNTER, units)
            self.add_metric(f"vtest.many{item}", many, "", "")
        none = pmdaMetric(
            self.pmid(1, 2), c_api.PM_TYPE_U32, self.indom(1), c_api.PM_SEM_INSTANT, units
        )
        self.add_metric("vtest.none", none, "", "")
        self.set_fetch(self.count)
        self.set_fetch_callback(self.value)

    def count(self):
        self.fetches += 1

    def value(self, cluster, item, inst):
        if cluster == 1:
            return [inst * 1000 + 1 if item == 0 else inst + 0.5, 1]
        name, _, value = FLAT[item]
        if name == "refused":
            return [c_api.PM_ERR_PERMISSION, 0]
        return [self.fetches if name == "fetches" else value, 1]


if __name__ == "__main__":
    Agent().run()
