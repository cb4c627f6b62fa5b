#!/usr/bin/env python3
"""Some rounds of `./dev crash --kafka`."""
import os
import pathlib
import sys

CRASH = pathlib.Path(__file__).resolve().parent.parent / "crash/crash.py"
os.execv(sys.executable, [sys.executable, CRASH, "--kafka", "--kills", "15", "--program",
                          os.environ["THALWEG"]])
