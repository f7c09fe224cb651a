"""Runs one module of CPython's own tests, one line of JSON for each test, as it ends.

    run_module.py MODULE RESULTS LIMIT_SEC [PATTERN...]

A test that takes longer than LIMIT_SEC ends the process, its threads shown on standard error. Who
starts this again goes on behind that test: RESULTS says what has been run.
"""

import faulthandler
import fnmatch
import importlib
import json
import os
import sys
import unittest
from test import support

MODULE, RESULTS, LIMIT_SEC = sys.argv[1], sys.argv[2], int(sys.argv[3])
ONLY = sys.argv[4:]

# Some modules ask for "network" that only use loopback; what needs the Internet fails on both
support.use_resources = ["cpu", "subprocess", "network"]
support.verbose = False


def read_results():
    try:
        with open(RESULTS) as lines:
            return [json.loads(line) for line in lines]
    except FileNotFoundError:
        return []


def say(**words):
    with open(RESULTS, "a") as out:
        out.write(json.dumps(words) + "\n")


class Result(unittest.TestResult):
    """A test's outcome is the worst of its subtests'."""

    def startTest(self, test):
        super().startTest(test)
        self.outcome, self.why = "pass", ""
        say(test=test.id(), outcome="started")
        faulthandler.dump_traceback_later(LIMIT_SEC, exit=True)

    def stopTest(self, test):
        super().stopTest(test)
        faulthandler.cancel_dump_traceback_later()
        say(test=test.id(), outcome=self.outcome, why=self.why)

    def failed(self, test, error):
        if not hasattr(self, "why"):  # of a class or a module
            say(test=test.id(), outcome="fail", why=str(error[1]))
            return
        self.outcome, self.why = "fail", f"{error[0].__name__}: {error[1]}".split("\n")[0]
        sys.stderr.write(f"=== {test.id()}\n{self._exc_info_to_string(error, test)}\n")

    def addError(self, test, error):
        super().addError(test, error)
        self.failed(test, error)

    def addFailure(self, test, error):
        super().addFailure(test, error)
        self.failed(test, error)

    def addSubTest(self, test, subtest, error):
        super().addSubTest(test, subtest, error)
        if error is not None:
            self.failed(test, error)

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self.outcome, self.why = "skip", reason

    def addUnexpectedSuccess(self, test):
        super().addUnexpectedSuccess(test)
        self.outcome, self.why = "fail", "it was expected to fail"


def without(suite, done):
    """The suite as it is nested, so that what is set up for a class is; without those run."""
    rest = unittest.TestSuite()
    for one in suite:
        if isinstance(one, unittest.TestSuite):
            inner = without(one, done)
            if inner.countTestCases():
                rest.addTest(inner)
        elif one.id() not in done and (not ONLY or any(fnmatch.fnmatch(one.id(), p) for p in ONLY)):
            rest.addTest(one)
    return rest


def main():
    done = {line["test"] for line in read_results()}
    try:
        module = importlib.import_module(MODULE)
    except unittest.SkipTest as reason:
        say(test=MODULE, outcome="skip", why=str(reason))
        return
    suite = without(unittest.defaultTestLoader.loadTestsFromModule(module), done)
    suite.run(Result())
    # Threads that a test left behind must not keep the process
    sys.stderr.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
