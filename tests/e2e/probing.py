"""What the tests of `probe` share: its report, and a bundle in which the forbidden things are possible."""

import json
import re

import harness

CAPABILITIES = re.findall(r'"(CAP_[A-Z_]+)"', (harness.TOP / "oci/names.cc").read_text())


def differing(document):
    return [row for row in document["controls"] if not row["agrees"]]


class Reports:
    """For a harness.Case."""

    def read_report(self, result, code):
        """The JSON document, whose every row agrees if `code` is 0."""
        self.assertEqual(result.code, code, str(result))
        document = json.loads(result.out)
        self.assertEqual(document["differences"], len(differing(document)))
        if code == 0:
            self.assertEqual(differing(document), [])
        return document

    def seen(self, document, attempt):
        found = [row["observed"] for row in document["controls"] if row["attempt"] == attempt]
        self.assertEqual(len(found), 1, f"{attempt!r} is there {len(found)} times")
        return found[0]

    def unconfine(self, bundle):
        """Root with every capability, a writable root, no filter."""
        bundle.config["root"]["readonly"] = False
        sets = ("bounding", "effective", "permitted", "inheritable", "ambient")
        bundle.process["capabilities"] = {name: CAPABILITIES for name in sets}
        bundle.process["noNewPrivileges"] = False
        bundle.linux.pop("seccomp", None)
        return bundle
