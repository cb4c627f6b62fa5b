#!/usr/bin/env python3
"""TLS, mTLS and SASL as a user of the program meets them: what works, and what is told when not."""
import base64
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import time
import unittest

import broker

PROGRAM = pathlib.Path(os.environ["THALWEG"])
TLS = broker.home() / "tls"
SECONDS_MAX = 60


def topics(address, **settings):
    """`thalweg topics` with these settings, whose dots are written as __."""
    words = [word for name, value in settings.items()
             for word in ("--set", f"{name.replace('__', '.')}={value}")]
    done = subprocess.run([PROGRAM, "topics", "--brokers", address, *words], capture_output=True,
                          text=True, timeout=SECONDS_MAX, check=False,
                          env={**os.environ, "KAFKA_TEST_PASSWORD": broker.PASSWORD})
    return done.returncode, done.stderr


def login(mechanism, password="${env:KAFKA_TEST_PASSWORD}"):
    return {"sasl__mechanism": mechanism, "sasl__username": broker.USER,
            "sasl__password": password}


class SecurityTest(unittest.TestCase):
    def started(self, **how):
        folder = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, folder)
        made = broker.Broker(folder / "broker")
        self.addCleanup(made.stop)  # Before the above.
        made.configure(**how)
        made.start()
        return made.address

    def test_tls_and_passwords(self):
        address = self.started(security="sasl_tls")
        tls = {"security__protocol": "sasl_ssl", "ssl__ca__location": TLS / "ca.pem"}
        self.assertEqual(topics(address, **tls, **login("PLAIN")), (0, ""))
        code, problem = topics(address, **tls, **login("PLAIN", "hunter2"))
        self.assertEqual(code, 78)
        self.assertIn("check user, password, mechanism", problem)
        self.assertNotIn("hunter2", problem)
        code, problem = topics(address, security__protocol="sasl_ssl", **login("PLAIN"))
        self.assertEqual(code, 78, problem)
        self.assertIn("certificate", problem)
        code, problem = topics(address, **tls, **login("SCRAM-SHA-512"))
        if code != 0:  # As with librdkafka before 2.6.1.
            self.assertEqual(code, 78)
            self.assertIn("does not work with Kafka 4", problem)
            self.assertIn("PLAIN over TLS", problem)

    def test_a_client_with_a_certificate_of_its_own(self):
        address = self.started(security="tls", more={"ssl.client.auth": "required"}.items())
        tls = {"security__protocol": "ssl", "ssl__ca__location": TLS / "ca.pem"}
        own = {"ssl__certificate__location": TLS / "client.crt",
               "ssl__key__location": TLS / "client.key"}
        self.assertEqual(topics(address, **tls, **own), (0, ""))
        self.assertNotEqual(topics(address, **tls)[0], 0)

    def test_a_certificate_of_another_host_is_refused(self):
        address = self.started(security="tls", certificate="wrong_name")
        tls = {"security__protocol": "ssl", "ssl__ca__location": TLS / "ca.pem"}
        code, problem = topics(address, **tls)
        self.assertEqual(code, 78, problem)
        self.assertIn("ssl.ca.location", problem)
        self.assertEqual(topics(address, **tls, ssl__endpoint__identification__algorithm="none"),
                         (0, ""))

    def test_a_certificate_that_has_expired_is_refused(self):
        address = self.started(security="tls", certificate="expired")
        code, problem = topics(address, security__protocol="ssl",
                               ssl__ca__location=TLS / "ca.pem")
        self.assertEqual(code, 78, problem)
        self.assertIn("certificate", problem)

    def test_scram_works_with_kafka_3(self):
        address = self.started(version=broker.SCRAM_VERSION, security="sasl")
        for mechanism in ("SCRAM-SHA-256", "SCRAM-SHA-512"):
            self.assertEqual(
                topics(address, security__protocol="sasl_plaintext", **login(mechanism)), (0, ""))

    def test_tokens(self):
        address = self.started(security="sasl")
        def encoded(value):
            text = json.dumps(value).encode()
            return base64.urlsafe_b64encode(text).decode().rstrip("=")
        now = int(time.time())
        token = f'{encoded({"alg": "none"})}.' \
                f'{encoded({"sub": broker.USER, "iat": now, "exp": now + 300})}.'
        folder = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, folder)
        (folder / "token").write_text(token + "\n")
        token_file = {"sasl__oauthbearer__token__file": folder / "token"}
        asked = {"security__protocol": "sasl_plaintext", "sasl__mechanism": "OAUTHBEARER"}
        self.assertEqual(topics(address, **asked, **token_file), (0, ""))
        code, problem = topics(address, **asked)
        self.assertEqual(code, 78)
        self.assertIn("needs sasl.oauthbearer.token.file", problem)
        code, problem = topics(address, security__protocol="sasl_plaintext", **token_file,
                               **login("PLAIN"))
        self.assertEqual(code, 78)
        self.assertIn("goes with sasl.mechanism OAUTHBEARER", problem)
        done = subprocess.run(
            [PROGRAM.parent / "tests/kafka_oauth_client"],
            capture_output=True, text=True, timeout=SECONDS_MAX, check=False,
            env={**os.environ, "THALWEG_KAFKA_OAUTH_BROKERS": address,
                 "THALWEG_KAFKA_TOKEN_FILE": str(folder / "token")})
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertIn("[  PASSED  ] 2 tests", done.stdout)


if __name__ == "__main__":
    unittest.main()
