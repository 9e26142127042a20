"""What a campaign counted is printed, whichever process ran it."""

from __future__ import annotations

import pytest


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = terminalreporter.getreports("passed")
    said = [value for report in reports for name, value in report.user_properties if name == "campaign"]
    for line in said:
        terminalreporter.write_line(str(line))
