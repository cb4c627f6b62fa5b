#!/usr/bin/env python3
"""The proxy between Kafka's own producer, which appends each record once, and a broker."""
import argparse
import concurrent.futures
import json
import pathlib
import socket
import subprocess
import sys
import tempfile
import unittest

import broker
import proxy
import tools


class ProxyTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        parser = argparse.ArgumentParser()
        broker.add_settings(parser)
        folder = cls.enterClassContext(tempfile.TemporaryDirectory())
        cls.broker, cls.proxy = cls.enterClassContext(
            proxy.behind(pathlib.Path(folder) / "broker", parser.parse_args([])))
        cls.pool = cls.enterClassContext(concurrent.futures.ThreadPoolExecutor())

    def setUp(self):
        self.topic = self.id().rpartition(".")[2]
        tools.create_topic(self.broker.inner_address, self.topic)

    def append(self):
        """One record through the proxy, while the test goes on."""
        return self.pool.submit(
            subprocess.run, tools.command("produce", self.broker.address, "--topic", self.topic,
                                          "--request-timeout-ms", tools.REQUEST_MS_MAX),
            cwd=broker.home(broker.TOOLS), input=b"once\n", capture_output=True, check=True)

    def appended(self):
        return tools.end_offsets(self.broker.inner_address, self.topic)[0]

    def test_a_request_that_is_cut_is_sent_again(self):
        rule = self.proxy.rule("cut", "Produce")
        before = self.proxy.seen["Produce"]
        self.append().result()
        self.assertTrue(rule.met.is_set())
        self.assertEqual(self.proxy.seen["Produce"] - before, 2)
        self.assertEqual(self.appended(), 1)

    def test_a_request_whose_answer_is_lost_has_been_done(self):
        rule = self.proxy.rule("lose", "Produce")
        before = self.proxy.seen["Produce"]
        self.append().result()
        self.assertTrue(rule.met.is_set())
        self.assertEqual(self.proxy.seen["Produce"] - before, 2)
        self.assertEqual(self.appended(), 1)

    def test_a_stalled_request_waits(self):
        rule = self.proxy.rule("stall", "Produce")
        appending = self.append()
        rule.met.wait()
        self.assertEqual(self.appended(), 0)
        self.proxy.release(rule)
        appending.result()
        self.assertEqual(self.appended(), 1)

    def test_a_stranded_request_comes_late_and_its_client_has_long_gone_on(self):
        rule = self.proxy.rule("strand", "Produce")
        self.append().result()
        self.assertFalse(rule.answered.is_set())
        self.proxy.release(rule)
        self.assertTrue(rule.answered.is_set())
        self.assertEqual(self.appended(), 1)

    def test_the_second_of_its_kind_and_no_other(self):
        rule = self.proxy.rule("cut", "Produce", 2)
        self.append().result()
        self.assertFalse(rule.met.is_set())
        self.append().result()
        self.assertTrue(rule.met.is_set())
        self.assertEqual(self.appended(), 2)


class ProgramTest(unittest.TestCase):
    def test_commands_come_by_a_port(self):
        program = self.enterContext(subprocess.Popen(
            [sys.executable, proxy.__file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            text=True))
        address, control = program.stdout.readline().split()
        host, port = control.split(":")
        commands = self.enterContext(socket.create_connection((host, int(port)))).makefile("rw")

        def ask(line):
            print(line, file=commands, flush=True)
            return commands.readline().strip()
        self.assertEqual(ask("rule cut ApiVersions"), "0")
        self.assertEqual(ask("down"), "ok")
        self.assertRaises(ConnectionRefusedError, socket.create_connection,
                          ("127.0.0.1", int(address.split(":")[1])))
        self.assertEqual(ask("up"), "ok")
        tools.create_topic(address, "t")
        self.assertEqual(ask("wait 0"), "ok")
        self.assertGreater(json.loads(ask("seen"))["CreateTopics"], 0)
        self.assertEqual(ask("kill"), "ok")
        self.assertEqual(ask("start"), "ok")
        self.assertEqual(tools.end_offsets(address, "t"), {0: 0})
        self.assertTrue(ask("rule break Produce").startswith("error: "))
        program.stdin.close()
        self.assertEqual(program.wait(), 0)


if __name__ == "__main__":
    unittest.main()
