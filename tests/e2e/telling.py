"""What a failed test shows of the programs that it ran."""

import unittest


class Result(unittest.TextTestResult):
    """Prints what a test's programs said at the moment it fails: it is gone after the test's clean-up."""

    def tell(self, test):
        if hasattr(test, "tell_outputs"):
            test.tell_outputs()

    def addError(self, test, err):
        super().addError(test, err)
        self.tell(test)

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.tell(test)

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            self.tell(test)
