"""Runs the program named by $THALWEG as its users do, and counts what is right and what is not."""
import codecs
import fcntl
import os
import pathlib
import pty
import select
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time

THALWEG = os.environ["THALWEG"]
DATA = pathlib.Path(__file__).resolve().parent.parent.parent / "examples/data"
SECONDS_MAX = 60
PLAIN_ENV = {name: value for name, value in os.environ.items()
             if name not in ("NO_COLOR", "THALWEG_NO_COLOR", "TERM")}

passed, failed = 0, 0


def check(name, expected, actual):
    """One test: the two are the same; or `expected` is a function that says yes of `actual`."""
    global passed, failed
    if expected(actual) if callable(expected) else expected == actual:
        passed += 1
        return
    failed += 1
    shown = "a value that fits" if callable(expected) else expected
    print(f"FAILED {name}\n  expected: {shown!r}\n  actual:   {actual!r}")


def has(*parts):
    """Says yes of a text with all of these in it, in this order."""
    def in_order(text):
        at = 0
        for part in parts:
            at = text.find(part, at)
            if at < 0:
                return False
            at += len(part)
        return True
    return in_order


def close():
    """The last line of a test, and the status it ends with."""
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


class Ran:
    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err

    def __repr__(self):
        return f"code {self.code}, out {self.out[-2000:]!r}, err {self.err[-2000:]!r}"


def run(*arguments, stdin="", cwd=DATA, env=None):
    """The program's exit code, standard output and standard error, none of them a terminal."""
    text = stdin if isinstance(stdin, bytes) else stdin.encode()
    done = subprocess.run([THALWEG, *arguments], input=text, capture_output=True, cwd=cwd,
                          env={**PLAIN_ENV, **(env or {})}, timeout=SECONDS_MAX, check=False)
    return Ran(done.returncode, done.stdout.decode(errors="replace"),
               done.stderr.decode(errors="replace"))


def folder(**files):
    """A new folder with these files; `_` in a name stands for its dot."""
    path = pathlib.Path(tempfile.mkdtemp(prefix="thalweg-"))
    for name, content in files.items():
        target = path / name.replace("_", ".", 1)
        if isinstance(content, bytes):
            target.write_bytes(content)
        else:
            target.write_text(content)
    return path


class Running:
    """The program started, with pipes."""

    def __init__(self, *arguments, cwd=DATA):
        self.process = subprocess.Popen([THALWEG, *arguments], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=cwd,
                                        env=PLAIN_ENV)
        self.out = self.err = b""

    def write(self, text):
        self.process.stdin.write(text.encode())
        self.process.stdin.flush()

    def wait_for(self, text, seconds=20):
        """Reads until the text has come on either stream; whether it has."""
        streams = {self.process.stdout: "out", self.process.stderr: "err"}
        end = time.monotonic() + seconds
        while text.encode() not in self.out + b"\0" + self.err and time.monotonic() < end:
            for stream in select.select(list(streams), [], [], 0.1)[0]:
                piece = os.read(stream.fileno(), 65536)
                if not piece:
                    del streams[stream]
                setattr(self, streams.get(stream, "out"),
                        getattr(self, streams.get(stream, "out")) + piece)
            if not streams:
                break
        return text.encode() in self.out + b"\0" + self.err

    def interrupt(self, number=signal.SIGINT):
        self.process.send_signal(number)

    def end(self, seconds=20):
        """Waits for its end; the exit code is None when it had to be killed."""
        try:
            code = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = None
        self.out += self.process.stdout.read()
        self.err += self.process.stderr.read()
        return Ran(code, self.out.decode(), self.err.decode())


class Terminal:
    """The program on a terminal of its own, standard input included."""

    def __init__(self, *arguments, cwd=DATA, columns=100, lines=40, env=None, stderr=None):
        """`stderr`: a file that takes it in place of the terminal."""
        self.text = ""
        self.decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self.pid, self.descriptor = pty.fork()
        if self.pid == 0:
            os.chdir(cwd)
            self.resize(0, columns, lines)
            if stderr is not None:
                os.dup2(os.open(stderr, os.O_WRONLY | os.O_CREAT), 2)
            os.execve(THALWEG, [THALWEG, *arguments],
                      {"TERM": "xterm", **PLAIN_ENV, **(env or {})})

    @staticmethod
    def resize(descriptor, columns, lines):
        fcntl.ioctl(descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def read(self):
        """Whether there was more within a moment."""
        if not select.select([self.descriptor], [], [], 0.1)[0]:
            return True
        try:
            piece = os.read(self.descriptor, 65536)
        except OSError:  # The other end is closed.
            return False
        self.text += self.decoder.decode(piece).replace("\r\n", "\n")
        return bool(piece)

    def wait_for(self, text, seconds=20):
        end = time.monotonic() + seconds
        while text not in self.text and time.monotonic() < end and self.read():
            pass
        return text in self.text

    def read_for(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end and self.read():
            pass

    def press_control_c(self):
        os.write(self.descriptor, b"\x03")

    def end(self, seconds=20):
        """The exit code; None when it had to be killed."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and self.read():
            pass
        while time.monotonic() < end:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                return os.waitstatus_to_exitcode(status)
            time.sleep(0.02)
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        return None
